// SPDX-License-Identifier: GPL-2.0-only

package rooms

import (
	"errors"
	"fmt"

	"kchat/wire"
)

type (
	roomHandler  func(*Client, *room, wire.Frame) error
	otherHandler func(*Client, *home, wire.Frame) error
)

// roomHandlers take the frames of a room's log, in its order.
func roomHandlers() map[wire.Type]roomHandler {
	return map[wire.Type]roomHandler{
		wire.TypeRoster:      (*Client).handleRoster,
		wire.TypeLive:        (*Client).handleLive,
		wire.TypeParted:      (*Client).handleParted,
		wire.TypeGap:         (*Client).handleGap,
		wire.TypeMsg:         (*Client).handleTalk,
		wire.TypeEdit:        (*Client).handleTalk,
		wire.TypeDelete:      (*Client).handleTalk,
		wire.TypeReact:       (*Client).handleTalk,
		wire.TypeTopic:       (*Client).handleTalk,
		wire.TypePresence:    (*Client).handlePresence,
		wire.TypeTyping:      (*Client).handleTyping,
		wire.TypeRead:        (*Client).handleRead,
		wire.TypeRuled:       (*Client).handleRuled,
		wire.TypeDelivered:   (*Client).handleDelivered,
		wire.TypeWant:        (*Client).handleWant,
		wire.TypeBlobWant:    (*Client).handleBlobWant,
		wire.TypeStreamBegin: (*Client).handleStreamBegin,
	}
}

// otherHandlers take what comes beside the logs.
func otherHandlers() map[wire.Type]otherHandler {
	return map[wire.Type]otherHandler{
		wire.TypeAck:          (*Client).handleAck,
		wire.TypeReoffer:      (*Client).handleReoffer,
		wire.TypeDirect:       (*Client).handleDirect,
		wire.TypeInvited:      (*Client).handleInvited,
		wire.TypeMoved:        (*Client).handleMoved,
		wire.TypeStreamCredit: (*Client).handleStreamCredit,
		wire.TypeStreamCancel: (*Client).handleStreamCancel,
	}
}

// handle does what a frame asks for. A frame that cannot be read ends the connection: what follows it would be
// missing in a room's order.
func (c *Client) handle(l *link, f wire.Frame) {
	if h := l.home; l != h.link && !h.media.is(l) {
		return // the last words of a connection that has ended
	}
	if err := c.dispatch(l, f); err != nil {
		l.fail(fmt.Errorf("handling %v from the server: %w", f.Type, err))
	}
}

func (c *Client) dispatch(l *link, f wire.Frame) error {
	switch f.Type {
	case wire.TypePing:
		l.send(wire.Header{Type: wire.TypePong, ID: f.ID}, wire.Raw(f.Body))
		return nil
	case wire.TypePong:
		c.answered(f, nil)
		return nil
	case wire.TypeError:
		return c.handleError(l.home, f)
	}
	if c.answered(f, nil) {
		return nil
	}
	if h, ok := c.inRoom[f.Type]; ok {
		r := l.home.byNumber[f.Room]
		switch {
		case r == nil:
			return nil // a room we have left
		case r.hold != 0 && len(r.held) >= heldMax:
			return errTooMuch
		case r.hold != 0:
			r.held = append(r.held, f)
			return nil
		}
		return h(c, r, f)
	}
	if h, ok := c.beside[f.Type]; ok {
		return h(c, l.home, f)
	}
	if !f.Type.Known() && f.Type.Critical() {
		return errors.New("the server is newer than this program")
	}
	return nil
}

// handleError gives a refusal to what it refuses: a request, one of our messages, or a stream.
func (c *Client) handleError(h *home, f wire.Frame) error {
	err := serverError(f.Body)
	if c.answered(f, err) || c.messageRefused(h, f.ID, err) || c.streamRefused(f.ID, err) {
		return nil
	}
	c.log.Debug("refused", "error", err, "id", f.ID)
	return nil
}
