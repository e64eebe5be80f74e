// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"kchat/rooms"
	"kchat/tui"
	"kchat/tui/desk"
	"kchat/wire"
)

// sendOptions are the flags of send.
type sendOptions struct {
	connection
	room    string
	image   string
	file    string
	video   string // a file, or - for a live one
	wait    string
	timeout time.Duration
	json    bool

	placeRemoved bool // of the picture
}

// waitDefault is how long --wait waits when it does not say.
const waitDefault = "30s"

func sendCommand() *cobra.Command {
	o := &sendOptions{}
	cmd := &cobra.Command{
		Use:   "send --room ROOM [--image FILE | --video FILE|- | --file FILE] [--wait[=30s]] TEXT|-",
		Short: "Send one message and wait until it is acknowledged",
		Long: "Send one message and wait until the server has acknowledged it, which it does only when another person is\n" +
			"present in the room. Prints its place in the room, EPOCH:SEQ. TEXT - is standard input. docs/cli.md lists the exit codes.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := o.text(cmd.InOrStdin(), args)
			if err != nil {
				return err
			}
			o.json = wantsJSON(cmd)
			return o.run(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout(), text)
		},
	}
	o.flags(cmd)
	o.roomFlags(cmd, &o.room)
	cmd.Flags().StringVar(&o.image, "image", "", "picture to send with it: PNG, JPEG, GIF or WebP")
	cmd.Flags().StringVar(&o.file, "file", "", "file of any kind to send with it, as it is")
	cmd.Flags().StringVar(&o.video, "video", "", "video to send with it, of any kind that ffmpeg reads; - sends what comes on standard input, live")
	cmd.MarkFlagsMutuallyExclusive("image", "video", "file")
	cmd.Flags().StringVar(&o.wait, "wait", "", "wait so long until somebody else is present")
	cmd.Flags().Lookup("wait").NoOptDefVal = waitDefault
	cmd.Flags().DurationVar(&o.timeout, "timeout", 30*time.Second, "how long the acknowledgement may take")
	return asUsage(cmd)
}

// sendRead is how much of standard input is read: a text with a CR before each newline, and more than that.
const sendRead = 2*wire.TextMax + 2

// text is what is to be said.
func (o *sendOptions) text(in io.Reader, args []string) (string, error) {
	switch {
	case o.room == "":
		return "", coded{errors.New("which room? Give --room"), exitUsage}
	case len(args) == 0 && o.image == "" && o.video == "" && o.file == "":
		return "", coded{errors.New("there is nothing to send: give a text, or - to read it from standard input"), exitUsage}
	case len(args) == 0:
		return "", nil
	case args[0] != "-":
		return args[0], nil
	case o.video == "-":
		return "", coded{errors.New("standard input cannot be the text and the video"), exitUsage}
	case o.passwordFile == "-" || o.roomPasswordFile == "-":
		return "", coded{errors.New("standard input cannot be the text and the password"), exitUsage}
	}
	b, err := io.ReadAll(io.LimitReader(in, sendRead))
	if err != nil {
		return "", fmt.Errorf("reading the text: %w", err)
	}
	text := strings.TrimRight(string(bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))), "\n")
	if len(text) > wire.TextMax || len(b) == sendRead {
		return "", coded{fmt.Errorf("a message has at most %d bytes: send it in parts", wire.TextMax), exitUsage}
	}
	return text, nil
}

func (o *sendOptions) run(ctx context.Context, in io.Reader, out io.Writer, text string) (err error) {
	if o.video == "-" && (o.passwordFile == "-" || o.roomPasswordFile == "-") {
		return coded{errors.New("standard input cannot be the video and the password"), exitUsage}
	}
	wait := time.Duration(0)
	if o.wait != "" {
		if wait, err = time.ParseDuration(o.wait); err != nil {
			return coded{fmt.Errorf("--wait: %w", err), exitUsage}
		}
	}
	h, err := o.open(ctx, o.room, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	draft := rooms.Draft{Room: o.room, Text: text}
	if draft.Attached, err = o.attach(ctx, h); err != nil {
		return err
	}
	s := &sending{headless: h, sendOptions: o}
	if err := s.awaitOthers(ctx, wait); err != nil {
		return err
	}
	if o.video == "-" {
		if draft.Attached, err = s.live(ctx, in); err != nil {
			return err
		}
		ctx = context.WithoutCancel(ctx) // what ended it is no reason not to say what it was
	}
	return s.send(ctx, out, draft)
}

// attach makes the picture or the video that was named ready to be sent; nil when there is none.
func (o *sendOptions) attach(ctx context.Context, h *headless) (*rooms.Attachment, error) {
	var a tui.Prepared
	var err error
	switch {
	case o.image != "":
		a, err = desk.NewPictures(h.blobs).Attach(ctx, o.image, rooms.StreamImage)
	case o.video != "" && o.video != "-":
		a, err = desk.NewVideos(h.blobs).Attach(ctx, o.video, nil)
	case o.file != "":
		a, err = desk.NewPictures(h.blobs).Attach(ctx, o.file, rooms.StreamFile)
	default:
		return nil, nil
	}
	if err != nil {
		return nil, coded{err, exitUsage}
	}
	if o.placeRemoved = a.PlaceRemoved; o.placeRemoved && !o.json {
		fmt.Fprintln(os.Stderr, "kchat-tui: the place was removed from the picture")
	}
	return &a.Attachment, nil
}

// send sends the message and waits until it has arrived, and with it what is attached.
func (s *sending) send(ctx context.Context, out io.Writer, draft rooms.Draft) error {
	h := s.headless
	m, err := h.Send(draft)
	if errors.Is(err, wire.ErrBadFrame) {
		err = errors.New("the text has a control character: only tabs and newlines can be sent")
	}
	if err != nil {
		return coded{err, exitUsage}
	}
	acknowledged, err := s.awaitAcknowledgement(ctx, m.ID)
	if err != nil {
		// The exit code says that it was not sent. It must not be sent later by another program of the same person.
		return errors.Join(err, h.store.Forget(context.WithoutCancel(ctx), m.Community, m.Room, m.ID))
	}
	if err := s.tell(out, acknowledged); err != nil {
		return err
	}
	if m.Attached != nil && s.video != "-" {
		return s.awaitTransfer(ctx, m)
	}
	return nil
}

// tell prints the place that a message has got.
func (s *sending) tell(out io.Writer, m rooms.Message) error {
	if s.json {
		return writeLine(out, "sent", sentLine{m.Room, m.ID.String(), m.Pos.Epoch, m.Pos.Seq, moment(m.Time), s.placeRemoved})
	}
	if _, err := fmt.Fprintln(out, m.Pos); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}

// sending is one message on its way.
type sending struct {
	*headless
	*sendOptions
	online bool
}

// next is the next event, or why there will be none that matters.
func (s *sending) next(ctx context.Context, late <-chan time.Time, tooLate error) (rooms.Event, error) {
	select {
	case e, more := <-s.Events():
		if !more {
			return nil, coded{errors.New("the connection ended"), exitNoServer}
		}
		if _, ok := e.(rooms.Online); ok {
			s.online = true
		}
		return e, failure(e, s.room, s.online)
	case <-late:
		return nil, tooLate
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// awaitOthers waits until the room is open, and then for somebody else to be in it.
func (s *sending) awaitOthers(ctx context.Context, wait time.Duration) error {
	late := time.After(s.timeout)
	tooLate := error(coded{fmt.Errorf("the room %s did not open in %v: %w", s.room, s.timeout, rooms.ErrNoServer), exitNoServer})
	open := false
	for !open || s.OthersPresent(s.room) == 0 {
		e, err := s.next(ctx, late, tooLate)
		if err != nil {
			return err
		}
		if live, ok := e.(rooms.Live); ok && live.Room == s.room && !open {
			open = true
			late = time.After(wait)
			tooLate = coded{fmt.Errorf("not sent: %w", rooms.ErrAlone), exitAlone}
		}
	}
	return nil
}

func (s *sending) awaitAcknowledgement(ctx context.Context, id rooms.MessageID) (rooms.Message, error) {
	late := time.After(s.timeout)
	tooLate := coded{fmt.Errorf("not acknowledged in %v: %w", s.timeout, rooms.ErrNoServer), exitNoServer}
	for {
		e, err := s.next(ctx, late, tooLate)
		if err != nil {
			return rooms.Message{}, err
		}
		c, ok := e.(rooms.MessageChanged)
		if !ok || c.Message.ID != id {
			continue
		}
		switch c.Message.State {
		case rooms.StateSent, rooms.StateDelivered:
			return c.Message, nil
		case rooms.StateAlone:
			return rooms.Message{}, coded{fmt.Errorf("not sent: %w", rooms.ErrAlone), exitAlone}
		case rooms.StateFailed:
			return rooms.Message{}, coded{fmt.Errorf("not sent: %s", c.Message.Failure), exitRefused}
		}
	}
}

// awaitTransfer waits until the picture or video has gone out. The message has arrived even if nobody takes that. Who
// interrupts it ends it for those who take it.
func (s *sending) awaitTransfer(ctx context.Context, m rooms.Message) error {
	patience := s.timeout + time.Minute
	late := time.NewTimer(patience)
	defer late.Stop()
	tooLate := coded{fmt.Errorf("the message was sent, %s was not taken in time", m.Attached.Name), exitRefused}
	for {
		e, err := s.next(ctx, late.C, tooLate)
		if err != nil {
			s.StopBlob(s.room, m.Attached.Hash)
			return err
		}
		switch e := e.(type) {
		case rooms.TransferChanged:
			if e.Transfer.Outgoing && e.Transfer.Attached.Hash == m.Attached.Hash && e.Transfer.Takers > 0 {
				late.Reset(patience) // it goes on
			}
		case rooms.TransferEnded:
			if !e.Transfer.Outgoing || e.Transfer.Attached.Hash != m.Attached.Hash {
				continue
			}
			if e.Err != nil {
				return coded{fmt.Errorf("the message was sent, %s was not: %w", m.Attached.Name, e.Err), exitRefused}
			}
			return nil
		}
	}
}
