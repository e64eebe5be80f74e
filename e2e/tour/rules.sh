# SPDX-License-Identifier: GPL-2.0-only
chapter "Rooms with rules"
types lee '/join den'
sees lee 'Only you are in #den'
types kim '/join den'
sees lee '#den .*2 here'
types lee '/topic where bears sleep'
sees kim 'where bears sleep'
types lee '/rules registered on'
sees kim 'registered'
types lee '/rules moderated on'
sees kim 'changed what holds in this room'
leaves kim
login tess
types tess '/join den'
sees lee '#den .*2 here'
types tess 'may I?'
sees tess 'not sent'
types lee '/voice tess'
sees tess 'gave tess a voice'
types tess 'now I may'
sees lee 'now I may'
types lee '/mute tess 5m too loud'
sees tess 'too loud'
types lee '/unmute tess'
types lee '/kick tess enough'
sees tess 'enough'
types lee '/ban tess 1h rest'
sees lee 'rest'
does 'kchat-tui admin bans den'
says tess banned
note "what is registered outlives the server"
does 'kchat-tui server restart'
does 'kchat-tui admin bans den'
says tess banned
sees lee '#den'
does "kchat-tui admin ban '#den' tess --off"
types tess '/join den'
sees lee '#den .*2 here'
types lee '/voice tess'
types lee '/rules moderated off'
