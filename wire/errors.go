// SPDX-License-Identifier: GPL-2.0-only

package wire

import (
	"encoding/binary"
	"fmt"
	"time"
)

// ErrorNumber is a number of the error table. It is an error itself, so that errors.Is finds it in a chain.
type ErrorNumber uint16

// The errors of the protocol.
const (
	ErrBadFrame     ErrorNumber = 1
	ErrTooLong      ErrorNumber = 2
	ErrUnknownType  ErrorNumber = 3
	ErrWrongState   ErrorNumber = 4
	ErrVersion      ErrorNumber = 5
	ErrUTF8         ErrorNumber = 6
	ErrEmpty        ErrorNumber = 7
	ErrAuth         ErrorNumber = 10
	ErrAuthLimit    ErrorNumber = 11
	ErrSession      ErrorNumber = 12
	ErrRegisterOff  ErrorNumber = 13
	ErrInviteCode   ErrorNumber = 14
	ErrNameTaken    ErrorNumber = 15
	ErrName         ErrorNumber = 16
	ErrWeak         ErrorNumber = 17
	ErrService      ErrorNumber = 18
	ErrSessions     ErrorNumber = 19
	ErrNoPerson     ErrorNumber = 30
	ErrOffline      ErrorNumber = 31
	ErrForbidden    ErrorNumber = 32
	ErrRoomName     ErrorNumber = 40
	ErrNoRoom       ErrorNumber = 41
	ErrNotInRoom    ErrorNumber = 42
	ErrInRoom       ErrorNumber = 43
	ErrRoomFull     ErrorNumber = 44
	ErrRooms        ErrorNumber = 45
	ErrAlone        ErrorNumber = 46
	ErrKicked       ErrorNumber = 47
	ErrBanned       ErrorNumber = 48
	ErrInviteOnly   ErrorNumber = 49
	ErrRoomPassword ErrorNumber = 50
	ErrMuted        ErrorNumber = 51
	ErrModerated    ErrorNumber = 52
	ErrRules        ErrorNumber = 53
	ErrMoved        ErrorNumber = 54
	ErrStream       ErrorNumber = 60
	ErrStreams      ErrorNumber = 61
	ErrStreamSize   ErrorNumber = 62
	ErrStreamCredit ErrorNumber = 63
	ErrStreamSlow   ErrorNumber = 64
	ErrStreamGone   ErrorNumber = 65
	ErrStreamHash   ErrorNumber = 66
	ErrCancelled    ErrorNumber = 67
	ErrRate         ErrorNumber = 80
	ErrBusy         ErrorNumber = 81
	ErrFull         ErrorNumber = 82
	ErrShutdown     ErrorNumber = 83
	ErrReplaced     ErrorNumber = 84
	ErrTimeout      ErrorNumber = 85
	ErrSlow         ErrorNumber = 86
)

// errorRow is a row of the error table.
type errorRow struct {
	number   ErrorNumber
	name     string
	sentence string
}

var errorRows = [...]errorRow{
	{ErrBadFrame, "BAD_FRAME", "The frame is malformed."},
	{ErrTooLong, "TOO_LONG", "The frame is longer than its type allows."},
	{ErrUnknownType, "UNKNOWN_TYPE", "The server does not know this type of frame."},
	{ErrWrongState, "WRONG_STATE", "This frame is not allowed now."},
	{ErrVersion, "VERSION", "The server speaks protocol version 1 only."},
	{ErrUTF8, "UTF8", "The text is not valid UTF-8."},
	{ErrEmpty, "EMPTY", "There is nothing in it."},
	{ErrAuth, "AUTH", "The name or the password is wrong."},
	{ErrAuthLimit, "AUTH_LIMIT", "Too many failed logins; wait before trying again."},
	{ErrSession, "SESSION", "The session has ended; log in again."},
	{ErrRegisterOff, "REGISTER_OFF", "This server takes no registrations from here."},
	{ErrInviteCode, "INVITE_CODE", "The invite code is missing, wrong or used up."},
	{ErrNameTaken, "NAME_TAKEN", "This name is taken."},
	{ErrName, "NAME", "This name is not allowed."},
	{ErrWeak, "WEAK", "The iteration count or the salt is not what the server asks for."},
	{ErrService, "SERVICE", "The accounts service does not answer."},
	{ErrSessions, "SESSIONS", "This account has too many sessions."},
	{ErrNoPerson, "NO_PERSON", "There is no such person."},
	{ErrOffline, "OFFLINE", "This person is not connected, or not in the room."},
	{ErrForbidden, "FORBIDDEN", "You may not do this."},
	{ErrRoomName, "ROOM_NAME", "This is not a name for a room."},
	{ErrNoRoom, "NO_ROOM", "There is no such room."},
	{ErrNotInRoom, "NOT_IN_ROOM", "You are not in this room."},
	{ErrInRoom, "IN_ROOM", "You are in this room already."},
	{ErrRoomFull, "ROOM_FULL", "The room is full."},
	{ErrRooms, "ROOMS", "Too many rooms."},
	{ErrAlone, "ALONE", "Nobody else is present in the room."},
	{ErrKicked, "KICKED", "You were removed by an operator."},
	{ErrBanned, "BANNED", "You are banned from this room."},
	{ErrInviteOnly, "INVITE_ONLY", "This room is for people who were invited."},
	{ErrRoomPassword, "ROOM_PASSWORD", "The room's password is missing or wrong."},
	{ErrMuted, "MUTED", "You are muted in this room."},
	{ErrModerated, "MODERATED", "In this room only those with a voice may speak."},
	{ErrRules, "RULES", "The room remembers as many roles, bans, mutes and invitations as it may."},
	{ErrMoved, "MOVED", "The room has moved to another server."},
	{ErrStream, "STREAM", "There is no such stream."},
	{ErrStreams, "STREAMS", "Too many streams."},
	{ErrStreamSize, "STREAM_SIZE", "The stream is not as long as announced."},
	{ErrStreamCredit, "STREAM_CREDIT", "The stream ran ahead of its credit."},
	{ErrStreamSlow, "STREAM_SLOW", "You read the stream too slowly."},
	{ErrStreamGone, "STREAM_GONE", "The sender of the stream is gone."},
	{ErrStreamHash, "STREAM_HASH", "The stream is not what its hash says."},
	{ErrCancelled, "CANCELLED", "The stream was cancelled."},
	{ErrRate, "RATE", "Too much at once; wait."},
	{ErrBusy, "BUSY", "The server has no memory to spare; try again."},
	{ErrFull, "FULL", "The server is full."},
	{ErrShutdown, "SHUTDOWN", "The server is stopping."},
	{ErrReplaced, "REPLACED", "Another connection has taken over this session."},
	{ErrTimeout, "TIMEOUT", "Nothing was heard for too long."},
	{ErrSlow, "SLOW", "You read too slowly."},
}

func (n ErrorNumber) row() (errorRow, bool) {
	for _, row := range errorRows {
		if row.number == n {
			return row, true
		}
	}
	return errorRow{}, false
}

// Name is the name of the error in the document, or its number.
func (n ErrorNumber) Name() string {
	if row, ok := n.row(); ok {
		return row.name
	}
	return fmt.Sprintf("error %d", uint16(n))
}

// Error is the sentence of the document.
func (n ErrorNumber) Error() string {
	if row, ok := n.row(); ok {
		return row.sentence
	}
	return fmt.Sprintf("The server answered error %d.", uint16(n))
}

// ErrorBody is the body of ERROR. It is an error and unwraps to its number.
type ErrorBody struct {
	Number   ErrorNumber
	Cause    Type          // the type of the frame that caused it, 0: none
	Wait     time.Duration // before it makes sense to try again, 0: not a matter of time
	Sentence string        // in English, from the server
}

// Append appends the body of an ERROR frame.
func (e ErrorBody) Append(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint16(dst, uint16(e.Number))
	dst = binary.LittleEndian.AppendUint16(dst, uint16(e.Cause))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(e.Wait/time.Millisecond))
	return append(dst, e.Sentence...)
}

// ParseError reads the body of an ERROR frame.
func ParseError(body []byte) (ErrorBody, error) {
	if len(body) < 8 {
		return ErrorBody{}, ErrBadFrame
	}
	return ErrorBody{
		Number:   ErrorNumber(binary.LittleEndian.Uint16(body)),
		Cause:    Type(binary.LittleEndian.Uint16(body[2:])),
		Wait:     time.Duration(binary.LittleEndian.Uint32(body[4:])) * time.Millisecond,
		Sentence: string(body[8:]),
	}, nil
}

// Error is the sentence the server sent, or that of the number.
func (e *ErrorBody) Error() string {
	if e.Sentence != "" {
		return e.Sentence
	}
	return e.Number.Error()
}

// Unwrap gives the number, so that errors.Is(err, ErrAlone) finds it.
func (e *ErrorBody) Unwrap() error { return e.Number }
