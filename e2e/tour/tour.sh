# SPDX-License-Identifier: GPL-2.0-only
# Everything the server does, once each, by the commands of a user or an operator. Runs as root in a microVM.
. /tour/lib.sh
. /tour/start.sh
. /tour/discovery.sh
. /tour/device.sh
. /tour/rules.sh
. /tour/control.sh
. /tour/limits.sh
. /tour/balancing.sh
. /tour/end.sh
