# SPDX-License-Identifier: LGPL-2.1-or-later
seq 8 | parallel --will-cite -j 4 -k python -c "'import sys; print(int(sys.argv[1]) ** 2)'" '{}'
