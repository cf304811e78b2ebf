// SPDX-License-Identifier: MIT
// cereal's core without <iostream>. The only file that includes cereal.
#pragma once

// cereal/access.hpp includes <iostream> and uses nothing of it. libstdc++ before 13 puts a global
// constructor (std::ios_base::Init) into every object file that does, and the agent must not run
// one in its host. An include guard that is set keeps the header out; a test looks at the object
// files.
#include <cstddef>
#if defined(__GLIBCXX__) && !defined(_GLIBCXX_IOSTREAM)
#  define _GLIBCXX_IOSTREAM 1  // NOLINT: not our name
#  include <cereal/cereal.hpp>
#  undef _GLIBCXX_IOSTREAM
#else
#  include <cereal/cereal.hpp>
#endif
