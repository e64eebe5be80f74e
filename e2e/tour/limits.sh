# SPDX-License-Identifier: GPL-2.0-only
chapter "Limits, changed live"
does 'kchat-tui admin set rooms 1'
types lee '/join attic'
sees lee 'Too many rooms'
does 'kchat-tui admin set rooms 100'
refused 'kchat-tui admin set rooms 0' rooms
