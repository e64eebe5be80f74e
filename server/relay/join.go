// SPDX-License-Identifier: GPL-2.0-only

package relay

import (
	"io"
	"net"
	"sync"
	"time"
)

// copyLen is how much is copied at once, in bytes. Copying costs little beside an emulated processor. The kernel
// could do it (splice), but only through a pipe for each direction, and a user has few pages for pipes.
const copyLen = 16 << 10

// waitLen bounds what waits here for a client that reads slowly, in each of two sockets, in bytes: the module is to
// see soon that somebody does not read.
const waitLen = 128 << 10

// partingWait is how long a client may stay after the microVM has closed its side. The module never comes back.
const partingWait = 5 * time.Second

// join copies both ways until both sides have ended. An end is passed on as an end, so that what is under way still
// arrives; when one side breaks, so does the other.
func join(client, guest *net.TCPConn) {
	_ = client.SetWriteBuffer(waitLen)
	_ = guest.SetReadBuffer(waitLen)
	var inward sync.WaitGroup
	inward.Go(func() {
		if pass(guest, client) != nil {
			sever(client, guest)
		}
	})
	if pass(client, guest) != nil {
		sever(client, guest)
	}
	_ = client.SetReadDeadline(time.Now().Add(partingWait))
	inward.Wait()
}

// pass copies from one to the other until the end, and passes the end on.
func pass(to, from *net.TCPConn) error {
	// Without the methods by which net would splice.
	_, err := io.CopyBuffer(struct{ io.Writer }{to}, struct{ io.Reader }{from}, make([]byte, copyLen))
	if err != nil {
		return err
	}
	_ = to.CloseWrite() // fails if it has ended too
	return nil
}

// sever ends both. The microVM hears of it at once, as of a reset; to the client goes first what is under way.
func sever(client, guest *net.TCPConn) {
	_ = guest.SetLinger(0)
	_ = guest.Close()
	_ = client.Close()
}
