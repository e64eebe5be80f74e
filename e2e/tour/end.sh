# SPDX-License-Identifier: GPL-2.0-only
chapter "The end"
does 'kchat-tui server stop'
note "who has loaded the module takes it away, if nobody else needs it"
refused 'grep kchat /proc/modules' ''
