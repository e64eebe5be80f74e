// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kchat/rooms"
)

// shot makes two seconds of film, and sound beside it.
func shot(t *testing.T, name string, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	line := append([]string{"-v", "error", "-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25:duration=2", "-f", "lavfi", "-i", "sine=duration=2"}, args...)
	if out, err := exec.Command("ffmpeg", append(line, path)...).CombinedOutput(); err != nil {
		t.Fatalf("make a film: %v: %s", err, out)
	}
	return path
}

// taker is a client in a room that takes everything.
func taker(t *testing.T, address, name, passwordFile, room string) *headless {
	t.Helper()
	password, err := passwordFromFile(passwordFile)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	c := &connection{server: address, user: name}
	h, err := c.start(t.Context(), room, password, filepath.Join(dir, "history.db"), filepath.Join(dir, "blobs"), func(cfg *rooms.Config) {
		cfg.Accept = func(rooms.Transfer) bool { return true }
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.close(); err != nil {
			t.Error(err)
		}
	})
	awaitEvent(t, h, func(e rooms.Live) bool { return e.Room == room })
	return h
}

// awaitEvent waits for the next event of a type that fits.
func awaitEvent[E rooms.Event](t *testing.T, h *headless, fits func(E) bool) E {
	t.Helper()
	late := time.After(time.Minute)
	for {
		select {
		case e, more := <-h.Events():
			if x, ok := e.(E); ok && fits(x) {
				return x
			}
			if !more {
				t.Fatal("the client has ended")
			}
		case <-late:
			var none E
			t.Fatalf("%T did not come", none)
		}
	}
}

func TestSendVideo(t *testing.T) {
	host := newPerson(t)
	port := host.startServer(t)
	address := "127.0.0.1:" + port
	annaPassword, bobPassword := host.account(t, port, "Anna"), host.account(t, port, "Bob")
	anna := newPerson(t)
	anna.env = append(anna.env, "KCHAT_SERVER="+address, "KCHAT_USER=Anna")
	send := []string{"send", "--password-file", annaPassword, "--room", "films"}
	bob := taker(t, address, "Bob", bobPassword, "films")
	h264 := []string{"-c:v", "libx264", "-preset", "ultrafast", "-g", "12", "-pix_fmt", "yuv420p", "-shortest"}

	t.Run("a file whose index is at its end", func(t *testing.T) {
		path := shot(t, "evening.mp4", h264...)
		if out, errs, code := anna.run(t, "", append(slices.Clone(send), "--video", path, "look")...); code != 0 || !strings.Contains(out, ":") {
			t.Fatalf("exit code %d, %q, %q", code, out, errs)
		}
		m := awaitEvent(t, bob, func(e rooms.MessageChanged) bool { return e.Message.Text == "look" }).Message
		if a := m.Attached; a == nil || a.MIME != "video/x-matroska" || a.Name != "evening.mkv" || a.Width != 160 || a.Duration < time.Second {
			t.Fatalf("%+v", m.Attached)
		}
		if e := awaitEvent(t, bob, func(rooms.TransferEnded) bool { return true }); e.Err != nil || e.Transfer.Attached.Hash != m.Attached.Hash {
			t.Errorf("%+v", e)
		}
	})

	t.Run("a live one from a pipe, until it is interrupted", func(t *testing.T) {
		// It goes on for ever, as a camera does.
		camera := exec.Command("ffmpeg", "-v", "error", "-re", "-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25", "-c:v", "libx264",
			"-preset", "ultrafast", "-g", "12", "-pix_fmt", "yuv420p", "-f", "mpegts", "pipe:1")
		film, err := camera.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		line := anna.command(append(slices.Clone(send), "--video", "-")...)
		cmd := exec.Command(line[0], line[1:]...)
		var errs bytes.Buffer
		cmd.Env, cmd.Stderr, cmd.Stdin = anna.env, &errs, film
		for _, program := range []*exec.Cmd{camera, cmd} {
			if err := program.Start(); err != nil {
				t.Fatal(err)
			}
		}
		t.Cleanup(func() { // it has nobody to write to any more
			_ = camera.Process.Kill()
			_ = camera.Wait()
		})
		began := awaitEvent(t, bob, func(e rooms.TransferChanged) bool { return e.Transfer.Done > 0 }).Transfer
		if began.Kind != rooms.StreamVideo || !began.Attached.Hash.IsZero() || began.Attached.Width != 160 {
			t.Errorf("%+v", began)
		}
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		// The end of the stream and the message that keeps it come in any order.
		var ended, kept rooms.Hash
		awaitEvent(t, bob, func(e rooms.Event) bool {
			switch e := e.(type) {
			case rooms.TransferEnded:
				if e.Err != nil || e.Transfer.Stream != began.Stream {
					t.Errorf("%+v", e)
				}
				ended = e.Transfer.Attached.Hash
			case rooms.MessageChanged:
				kept = e.Message.Attached.Hash
			}
			return !ended.IsZero() && !kept.IsZero()
		})
		if ended != kept {
			t.Errorf("%v was sent, %v is kept", ended, kept)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v: %s", err, errs.String())
		}
	})

	t.Run("what cannot be sent says why", func(t *testing.T) {
		words := filepath.Join(t.TempDir(), "words.mp4")
		if err := os.WriteFile(words, []byte("these are words and no film"), 0o600); err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			stdin string
			path  string
			want  string
		}{
			"sound alone":       {"", shot(t, "song.wav", "-map", "1:a"), "there is no video track in this file"},
			"words":             {"", words, "the video is damaged"},
			"nothing":           {"", filepath.Join(t.TempDir(), "nothing.mp4"), "no such file"},
			"words, live":       {"these are words and no film", "-", "the video is damaged"},
			"a live of nothing": {"", "-", "the video is damaged"},
		} {
			if out, errs, code := anna.run(t, c.stdin, append(slices.Clone(send), "--video", c.path)...); code != exitUsage || out != "" || !strings.Contains(errs, c.want) {
				t.Errorf("%s: exit code %d, %q, %q", name, code, out, errs)
			}
		}
		bare := *anna
		bare.env = append(slices.Clone(anna.env), "PATH=/nowhere")
		if _, errs, code := bare.run(t, "", append(slices.Clone(send), "--video", words)...); code != exitUsage || !strings.Contains(errs, "apt install ffmpeg") {
			t.Errorf("no ffmpeg: exit code %d, %q", code, errs)
		}
	})
}
