// SPDX-License-Identifier: GPL-2.0-only

package rooms

import "errors"

// What a server may make us remember. An honest one stays far below; from another one we part.
const (
	peopleMax  = 1 << 16 // in a room
	namesMax   = 1 << 17 // of people who were seen
	heldMax    = 1 << 14 // frames of a room while a name is asked for
	gapsMax    = 1 << 10 // of a room
	roomsMax   = 1 << 10 // that others may bring us into
	knownMax   = 1 << 12 // blobs of which we remember what they are
	wantedMax  = 1 << 10 // blobs that we ask for
	sendingMax = 64      // blobs that we send because somebody asked

	offeredMax  = 1 << 8  // streams that were announced and not taken
	withheldMax = 1 << 12 // blobs that we give to nobody any more
)

var errTooMuch = errors.New("the server sends more than a client can hold")

// boundNames forgets who is in no room of ours when too many are known.
func (c *Client) boundNames() {
	if len(c.names) <= namesMax {
		return
	}
	names := map[AccountID]string{0: "", c.me(): c.view.session.me.Name}
	for _, r := range c.view.rooms {
		for id, p := range r.people {
			names[id] = p.Name
		}
	}
	c.names = names
}

// describe remembers what a blob is, to say so to who asks for it.
func (c *Client) describe(a Attachment) {
	if _, known := c.known[a.Hash]; !known && len(c.known) >= knownMax {
		for h := range c.known {
			delete(c.known, h) // any: without it others get the blob with its bare hash as name
			break
		}
	}
	c.known[a.Hash] = a
}
