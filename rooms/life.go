// SPDX-License-Identifier: GPL-2.0-only

package rooms

// lifeEvent is what can happen to one of our messages. docs/messages.md has the table; a test holds both together.
type lifeEvent uint8

const (
	onReady        lifeEvent = iota // the room is open and somebody else is present: it is sent
	onAcknowledged                  // it came back with its number
	onAlone                         // nobody else is present
	onBusy                          // the server asks to wait
	onRefused                       // the server refuses it for another reason
	onDisconnected                  // the connection is gone
	onGap                           // the server left out a part of the log for us
	onEpoch                         // the room came back with another epoch
	onStored                        // others have stored it
	onResend                        // we are asked to send it again
	onDiscard                       // we are asked to drop it
	onQuit                          // the program ends
)

// stateGone stands in the table for a message that is dropped.
const stateGone State = 0xff

// life is the table of docs/messages.md. What is not in it changes nothing.
var life = map[State]map[lifeEvent]State{
	StateWaiting: {
		onReady: StateSending, onAcknowledged: StateSent, onAlone: StateAlone, onRefused: StateFailed, onDiscard: stateGone,
	},
	StateSending: {
		onAcknowledged: StateSent, onAlone: StateAlone, onBusy: StateWaiting, onRefused: StateFailed,
		onDisconnected: StateWaiting, onGap: StateWaiting, onQuit: StateWaiting,
	},
	StateSent: {
		onStored: StateDelivered,
	},
	StateAlone: {
		onAcknowledged: StateSent, onResend: StateWaiting, onDiscard: stateGone,
	},
	StateFailed: {
		onAcknowledged: StateSent, onResend: StateWaiting, onDiscard: stateGone,
	},
}

// next is the state after an event, and whether that changes anything.
func (s State) next(e lifeEvent) (State, bool) {
	after, ok := life[s][e]
	if !ok {
		return s, false
	}
	return after, true
}
