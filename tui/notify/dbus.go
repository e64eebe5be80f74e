// SPDX-License-Identifier: GPL-2.0-only

package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/godbus/dbus/v5"
)

// Desktop shows notifications of the desktop, over the session bus (Desktop Notifications Specification 1.2). It
// connects with the first one. It is safe for use by several goroutines.
type Desktop struct {
	address string

	mu     sync.Mutex // protects all below, and orders what is shown
	conn   *dbus.Conn
	end    context.CancelFunc // of conn
	markup bool               // the server reads the body as markup
	last   uint32             // the number of the note that is shown; 0: none
	closed bool
}

// ErrNoDesktop says that nobody shows notifications.
var ErrNoDesktop = errors.New("no desktop shows notifications")

// The names of the specification.
const (
	service   = "org.freedesktop.Notifications"
	objectAt  = dbus.ObjectPath("/org/freedesktop/Notifications")
	normal    = byte(1) // urgency
	byItself  = int32(-1)
	category  = "im.received"
	program   = "kchat"
	bodyMarks = "body-markup"
)

// NewDesktop is the desktop of the session bus at an address such as unix:path=/run/user/1000/bus.
func NewDesktop(address string) *Desktop { return &Desktop{address: address} }

// Show shows a note in place of the one before.
func (d *Desktop) Show(ctx context.Context, n Note) error {
	n = n.Clean()
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.connect(ctx); err != nil {
		return fmt.Errorf("%w: %w", ErrNoDesktop, err)
	}
	body := n.Body
	if d.markup {
		body = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(body)
	}
	hints := map[string]dbus.Variant{"urgency": dbus.MakeVariant(normal), "category": dbus.MakeVariant(category)}
	call := d.conn.Object(service, objectAt).CallWithContext(ctx, service+".Notify", 0,
		program, d.last, "", n.Title, body, []string{}, hints, byItself)
	if err := call.Store(&d.last); err != nil {
		d.drop()
		return fmt.Errorf("%w: %w", ErrNoDesktop, err)
	}
	return nil
}

// Withdraw takes the last note back.
func (d *Desktop) Withdraw(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.conn == nil || d.last == 0 {
		return nil
	}
	last := d.last
	d.last = 0
	// A note that its reader has closed is no error to speak of.
	return d.conn.Object(service, objectAt).CallWithContext(ctx, service+".CloseNotification", 0, last).Err
}

// Close leaves the bus. Nothing is shown after that.
func (d *Desktop) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	d.drop()
	return nil
}

// connect comes onto the bus and asks what the server can do. The caller holds mu.
func (d *Desktop) connect(ctx context.Context) error {
	switch {
	case d.closed:
		return errors.New("the program is ending")
	case d.conn != nil && d.conn.Connected():
		return nil
	}
	d.drop()
	// The connection outlives this call, but coming onto a bus that does not answer does not.
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	there := context.AfterFunc(ctx, end)
	conn, err := dbus.Connect(d.address, dbus.WithContext(life))
	if err != nil {
		end()
		return err
	}
	there()
	var can []string
	if err := conn.Object(service, objectAt).CallWithContext(ctx, service+".GetCapabilities", 0).Store(&can); err != nil {
		end()
		return errors.Join(err, conn.Close())
	}
	d.conn, d.end, d.markup = conn, end, slices.Contains(can, bodyMarks)
	return nil
}

// drop leaves the bus. The caller holds mu.
func (d *Desktop) drop() {
	if d.conn != nil {
		_ = d.conn.Close() // nothing is lost with it
		d.end()
	}
	d.conn, d.last = nil, 0
}
