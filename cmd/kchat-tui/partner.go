// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kchat/rooms"
	"kchat/server"
	"kchat/server/accounts"
)

// The pace of the partner, which is that of a person who types fast.
const (
	partnerPatience = 2 * time.Minute // for somebody to come
	partnerThinks   = 600 * time.Millisecond
	partnerTypes    = 900 * time.Millisecond
	partnerName     = "Partner"
)

func partnerCommand() *cobra.Command {
	c := &connection{}
	var room string
	cmd := &cobra.Command{
		Use:   "partner --room ROOM",
		Short: "A partner to try the chat with: a second client that answers",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if room == "" {
				return coded{errors.New("which room? Give --room"), exitUsage}
			}
			var out io.Writer
			if wantsJSON(cmd) {
				out = cmd.OutOrStdout()
			}
			return runPartner(cmd.Context(), c, room, out)
		},
	}
	c.flags(cmd)
	cmd.Flags().StringVar(&room, "room", "", "the room, which must be for practice; it is made if it is not there")
	return asUsage(cmd)
}

// runPartner connects the partner. It keeps nothing: its history and its pictures end with it. What happens is told to
// out, if there is one.
func runPartner(ctx context.Context, c *connection, room string, out io.Writer) (err error) {
	named := c.user != ""
	if err := c.complete(); err != nil {
		return err
	}
	var password string
	if named {
		password, err = readPassword(c.passwordFile, "Password of "+c.user+": ")
	} else {
		c.user, password, err = partnerAccount(ctx, c.server)
	}
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "kchat-partner-")
	if err != nil {
		return fmt.Errorf("making the partner's folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	h, err := c.start(ctx, room, password, filepath.Join(dir, "history.db"), filepath.Join(dir, "blobs"),
		func(cfg *rooms.Config) { cfg.Rooms = nil })
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	return (&partner{headless: h, room: room, out: out}).live(ctx)
}

// partnerAccount is the partner's account on this user's own server. It is made if it is not there.
func partnerAccount(ctx context.Context, address string) (user, password string, err error) {
	if _, own := ownServer(ctx, address); !own {
		return "", "", coded{errors.New("this is not your own server: give --user and --password-file of an account made with user add --bot"), exitUsage}
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", "", coded{fmt.Errorf("%q is no address: %w", address, err), exitUsage}
	}
	paths, err := server.DefaultPaths(portOf(net.JoinHostPort("", port)))
	if err != nil {
		return "", "", err
	}
	store, err := server.OpenAccounts(paths, partnerName)
	if err != nil {
		return "", "", err
	}
	password, err = partnerPassword()
	if err != nil {
		return "", "", err
	}
	err = store.Update(func(d *accounts.Data) error {
		user, err = givePartner(d, password)
		return err
	})
	if err != nil {
		return "", "", err
	}
	return user, password, server.SyncAccounts(ctx, paths)
}

// partnerPassword is the same at every start, so that several partners do not lock each other out.
func partnerPassword() (string, error) {
	data, err := screenFolder("XDG_DATA_HOME", ".local/share")
	if err != nil {
		return "", err
	}
	path := filepath.Join(data, "partner.password")
	b, err := os.ReadFile(path)
	if err == nil && len(bytes.TrimSpace(b)) > 0 {
		return string(bytes.TrimSpace(b)), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("reading the partner's password: %w", err)
	}
	var secret [16]byte
	_, _ = rand.Read(secret[:]) // never fails: crypto/rand ends the program instead
	password := hex.EncodeToString(secret[:])
	if err := os.WriteFile(path, []byte(password+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("keeping the partner's password: %w", err)
	}
	return password, nil
}

// givePartner finds or makes the partner's account; a person may have taken its name.
func givePartner(d *accounts.Data, password string) (string, error) {
	for n := 1; n < 10; n++ {
		name := partnerName
		if n > 1 {
			name = fmt.Sprintf("%s-%d", partnerName, n)
		}
		_, login, err := accounts.Names(name)
		if err != nil {
			return "", err
		}
		account := d.Find(login)
		if account != nil && !account.Bot {
			continue
		}
		verifier, err := accounts.NewVerifier(password, d.Iterations)
		if err != nil {
			return "", err
		}
		if account == nil {
			if account, err = d.Add(name, verifier, time.Now()); err != nil {
				return "", err
			}
		}
		account.Bot = true
		account.SetVerifier(verifier)
		return name, nil
	}
	return "", fmt.Errorf("%w: %s and all names like it", accounts.ErrNameTaken, partnerName)
}

// partner is the practice partner at work.
type partner struct {
	*headless
	room   string
	out    io.Writer // for programs; nil: nobody reads
	online bool
	met    bool // somebody has been here
	told   int  // how many of its stories
}

// live joins the room and answers until there is nobody to answer.
func (p *partner) live(ctx context.Context) error {
	late := time.After(partnerPatience)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-late:
			if p.OthersPresent(p.room) == 0 {
				return nil
			}
		case e, more := <-p.Events():
			if !more {
				return coded{errors.New("the connection ended"), exitNoServer}
			}
			if err := failure(e, p.room, p.online); err != nil {
				return err
			}
			if err := p.tell(e); err != nil {
				return err
			}
			done, err := p.event(ctx, e)
			if done || err != nil {
				return err
			}
			if p.met && p.online && p.deserted() {
				return nil
			}
		}
	}
}

// tell writes what happened, for programs.
func (p *partner) tell(e rooms.Event) error {
	if p.out == nil {
		return nil
	}
	if m, is := e.(rooms.MessageChanged); is && m.Message.State != rooms.StateReceived && m.Message.State != rooms.StateSent {
		return nil
	}
	r, known := recordOf(e, p.Client)
	if !known {
		return nil
	}
	if err := json.NewEncoder(p.out).Encode(r); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}

// deserted reports whether everybody else has left. Who is only reconnecting is waited for.
func (p *partner) deserted() bool { return len(p.Roster(p.room)) == 1 }

// isBot reports whether somebody is a program too: two partners would talk for ever.
func (p *partner) isBot(id rooms.AccountID) bool {
	return slices.ContainsFunc(p.Roster(p.room), func(o rooms.Person) bool { return o.ID == id && o.Bot })
}

// event does what a partner does, and reports whether it leaves.
func (p *partner) event(ctx context.Context, e rooms.Event) (done bool, err error) {
	switch e := e.(type) {
	case rooms.Online:
		if p.online {
			return false, nil
		}
		p.online = true
		info, err := p.Join(ctx, p.room, rooms.JoinOptions{Practice: true})
		if err != nil {
			return true, withCode(err)
		}
		if e.Me.Bot && !info.Practice {
			return true, coded{fmt.Errorf("%s is no room for practice: a bot does not count as a person there", p.room), exitRefused}
		}
	case rooms.Live:
		return false, p.greet(ctx)
	case rooms.PersonChanged:
		return false, p.greet(ctx)
	case rooms.MessageChanged:
		m := e.Message
		me, _ := p.Me()
		if m.Sender == me.ID || p.isBot(m.Sender) || m.Backfill || m.Kind != rooms.KindText || m.State != rooms.StateReceived {
			return false, nil
		}
		return p.answer(ctx, m)
	}
	return false, nil
}

// greet says hello to the first who comes.
func (p *partner) greet(ctx context.Context) error {
	if p.met || p.OthersPresent(p.room) == 0 {
		return nil
	}
	p.met = true
	return p.say(ctx, rooms.Draft{Text: "Hello! I am the practice partner. Write something and watch the ticks: one when the kernel has it, two when I have stored it."})
}

// stories are what the partner says in turn; the picture comes after the first.
func stories() []string {
	return []string{
		"That came through the kernel: your line went into a log in kernel memory, and from there to me. Here is a picture the same way.",
		"Try /kernel: it shows the counters of the module that carries this talk.",
		"Try /send-image with a picture of yours. I take it, and you see it go.",
		"Say bye and I leave. Then you are alone here, and the composer closes: that is the rule of this place.",
		"Two windows beside each other show it best: one room, two people, no server process.",
	}
}

func (p *partner) answer(ctx context.Context, m rooms.Message) (done bool, err error) {
	words := strings.ToLower(strings.Trim(m.Text, " .!?\n"))
	switch {
	case words == "bye" || words == "goodbye":
		return true, p.say(ctx, rooms.Draft{Text: "Bye! When I am gone, nothing can be sent here until somebody comes.", ReplyTo: m.ID})
	case m.Attached != nil:
		return false, p.say(ctx, rooms.Draft{Text: "I see " + m.Attached.Name + ". Nice!", ReplyTo: m.ID})
	}
	all := stories()
	if err := p.say(ctx, rooms.Draft{Text: all[p.told%len(all)], ReplyTo: m.ID}); err != nil {
		return false, err
	}
	first := p.told == 0
	p.told++
	if first || strings.Contains(words, "picture") {
		return false, p.sendPicture(ctx)
	}
	return false, nil
}

// say writes like a person does: after a thought, and visibly.
func (p *partner) say(ctx context.Context, d rooms.Draft) error {
	if err := pause(ctx, partnerThinks); err != nil {
		return nil // interrupted: it leaves
	}
	p.Typing(p.room, true)
	if err := pause(ctx, partnerTypes); err != nil {
		return nil
	}
	p.Typing(p.room, false)
	d.Room = p.room
	m, err := p.Send(d)
	if err != nil {
		return err
	}
	return p.settle(ctx, m.ID)
}

// settle waits until a message is no longer on its way, so that leaving does not overtake it.
func (p *partner) settle(ctx context.Context, id rooms.MessageID) error {
	late := time.After(10 * time.Second)
	for {
		select {
		case e, more := <-p.Events():
			if !more {
				return coded{errors.New("the connection ended"), exitNoServer}
			}
			if err := p.tell(e); err != nil {
				return err
			}
			c, ok := e.(rooms.MessageChanged)
			if ok && c.Message.ID == id && c.Message.State != rooms.StateWaiting && c.Message.State != rooms.StateSending {
				return nil
			}
		case <-late:
			return nil
		case <-ctx.Done():
			return nil
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// sendPicture paints a picture and sends it.
func (p *partner) sendPicture(ctx context.Context) error {
	var b bytes.Buffer
	picture := paint(320, 200)
	if err := png.Encode(&b, picture); err != nil {
		return fmt.Errorf("painting a picture: %w", err)
	}
	hash, size, err := p.blobs.Put(&b)
	if err != nil {
		return err
	}
	a := rooms.Attachment{
		Hash: rooms.Hash(hash), Size: size, MIME: "image/png", Name: "evening.png",
		Width: uint32(picture.Rect.Dx()), Height: uint32(picture.Rect.Dy()),
	}
	_, err = p.Send(rooms.Draft{Room: p.room, Text: "An evening by the sea.", Attached: &a})
	return err
}

// paint paints an evening by the sea.
func paint(width, height int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	horizon, sunX, sunY, radius := height*3/5, width*2/3, height*2/5, height/6
	for y := range height {
		for x := range width {
			c := color.RGBA{uint8(40 + 180*y/height), uint8(50 + 70*y/height), uint8(110 - 40*y/height), 255}
			if y > horizon {
				c = color.RGBA{uint8(30 + 60*(height-y)/height), uint8(50 + 20*(x+y)%24), 90, 255}
			}
			if dx, dy := x-sunX, y-sunY; y <= horizon && dx*dx+dy*dy < radius*radius {
				c = color.RGBA{255, 210, 120, 255}
			}
			if y > horizon && abs(x-sunX) < radius*(height-y)/height && y%6 < 3 {
				c = color.RGBA{240, 180, 110, 255}
			}
			m.SetRGBA(x, y, c)
		}
	}
	return m
}

func abs(n int) int { return max(n, -n) }
