// SPDX-License-Identifier: GPL-2.0-only

package wire

import (
	"strings"
	"unicode/utf8"
)

// CheckRoomName is ErrRoomName unless the name is one a room can have: 1 to 64 bytes of UTF-8 without control
// characters, without a space at either end, and without the # that is written before it.
func CheckRoomName(name string) error {
	if name == "" || len(name) > RoomNameMax || !utf8.ValidString(name) || strings.Trim(name, " ") != name || name[0] == '#' {
		return ErrRoomName
	}
	for i := range len(name) {
		if name[i] < 0x20 || name[i] == 0x7f {
			return ErrRoomName
		}
	}
	return nil
}
