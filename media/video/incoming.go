// SPDX-License-Identifier: GPL-2.0-only

package video

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// incoming is what comes through a pipe, so that it can be waited for beside other things.
type incoming struct {
	chunks chan []byte // one is good until the next is taken; closed at the end
	r      io.Reader   // closed to end a waiting Read, if it can be
	ended  chan struct{}
}

// newIncoming begins to read r, until it ends or ctx does. Whoever began it calls stop.
func newIncoming(ctx context.Context, r io.Reader) (*incoming, error) {
	in := &incoming{chunks: make(chan []byte), r: r, ended: make(chan struct{})}
	file, isFile := r.(*os.File)
	if !isFile {
		go func() {
			defer close(in.ended)
			in.read(ctx, r)
		}()
		return in, nil
	}
	in.r = nil
	w, err := newWakeable(ctx, file)
	if err != nil {
		return nil, err
	}
	go func() {
		defer close(in.ended)
		defer w.close()
		in.read(ctx, w)
	}()
	return in, nil
}

// read hands out what comes, in two buffers by turns. How it ended shows in what was made of it.
func (in *incoming) read(ctx context.Context, r io.Reader) {
	defer close(in.chunks)
	buffers := [2][]byte{make([]byte, 64<<10), make([]byte, 64<<10)}
	for i := 0; ; i = 1 - i {
		n, err := r.Read(buffers[i])
		if n > 0 {
			select {
			case in.chunks <- buffers[i][:n]:
			case <-ctx.Done():
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// feed writes what was peeked and then all that comes, until either side ends.
func (in *incoming) feed(w io.Writer, peeked []byte) {
	if _, err := w.Write(peeked); err != nil {
		return
	}
	for b := range in.chunks {
		if _, err := w.Write(b); err != nil {
			return
		}
	}
}

// stop waits until nothing is read any more. The context of in has to have ended.
func (in *incoming) stop() error {
	var err error
	if c, ok := in.r.(io.Closer); ok {
		err = c.Close()
	}
	<-in.ended
	return err
}

// wakeable reads a file, such as standard input, whose waiting Read the end of a context ends, though it may be one
// that Go itself can only wait for without end. The file stays open, and as it is.
type wakeable struct {
	file        *os.File
	conn        syscall.RawConn
	wake, awake *os.File // a pipe: when awake is closed, wake can be read
	unhook      func() bool
}

func newWakeable(ctx context.Context, file *os.File) (*wakeable, error) {
	conn, err := file.SyscallConn()
	if err != nil {
		return nil, fmt.Errorf("read a pipe: %w", err)
	}
	wake, awake, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("read a pipe: %w", err)
	}
	w := &wakeable{file: file, conn: conn, wake: wake, awake: awake}
	w.unhook = context.AfterFunc(ctx, func() { _ = awake.Close() })
	return w, nil
}

// Read implements io.Reader. Once woken it fails with os.ErrClosed.
func (w *wakeable) Read(b []byte) (int, error) {
	woken, wakeFD := false, int32(w.wake.Fd())
	var pollErr error
	err := w.conn.Control(func(fd uintptr) {
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}, {Fd: wakeFD, Events: unix.POLLIN}}
		for {
			if _, pollErr = unix.Poll(fds, -1); !errors.Is(pollErr, unix.EINTR) {
				break
			}
		}
		woken = fds[1].Revents != 0
	})
	switch {
	case err != nil || pollErr != nil:
		return 0, fmt.Errorf("wait for a pipe: %w", errors.Join(err, pollErr))
	case woken:
		return 0, os.ErrClosed
	}
	return w.file.Read(b)
}

func (w *wakeable) close() {
	if w.unhook() {
		_ = w.awake.Close()
	}
	_ = w.wake.Close()
}
