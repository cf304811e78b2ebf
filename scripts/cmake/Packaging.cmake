# SPDX-License-Identifier: MIT
# Install rules and the package files that find_package() and pkg-config read.
