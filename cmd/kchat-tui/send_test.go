// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kchat/e2e/peer"
	"kchat/history"
	"kchat/rooms"
	"kchat/wire"
)

// account makes an account on one's server, and a file with its password.
func (p *person) account(t *testing.T, port, name string, flags ...string) (passwordFile string) {
	t.Helper()
	passwordFile = filepath.Join(p.dir, name+".password")
	if err := os.WriteFile(passwordFile, []byte("a password of "+name+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.mustRun(t, append([]string{"user", "add", name, "--port", port, "--password-file", passwordFile}, flags...)...)
	return passwordFile
}

// listener is a running tail.
type listener struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines chan map[string]any
}

// tail starts tail --json and waits until it is in the room.
func (p *person) tail(t *testing.T, args ...string) *listener {
	t.Helper()
	cmd := exec.Command(os.Getenv(programEnv), append([]string{"tail", "--json"}, args...)...)
	cmd.Env, cmd.Stderr = p.env, os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	l := &listener{t: t, cmd: cmd, lines: make(chan map[string]any, 1000)}
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer close(l.lines)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var line map[string]any
			if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
				t.Errorf("%q: %v", lines.Text(), err)
			}
			l.lines <- line
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		<-read
		if err := cmd.Wait(); err != nil {
			t.Errorf("tail, interrupted: %v", err)
		}
	})
	if !slices.Contains(args, "--since") {
		l.await("live", "", "")
	}
	return l
}

// await reads lines to the next one of a type in which a field has a value.
func (l *listener) await(kind, field, value string) map[string]any {
	l.t.Helper()
	late := time.After(time.Minute)
	for {
		select {
		case line, more := <-l.lines:
			if !more {
				l.t.Fatalf("tail ended before %s %s", kind, value)
			}
			if line["type"] == kind && (field == "" || line[field] == value) {
				return line
			}
		case <-late:
			l.t.Fatalf("tail did not print %s %s", kind, value)
		}
	}
}

func TestSendAndTail(t *testing.T) {
	host := newPerson(t)
	port := host.startServer(t)
	address := "127.0.0.1:" + port
	annaPassword := host.account(t, port, "Anna")
	bobPassword := host.account(t, port, "Bob")
	anna := newPerson(t)
	bob := newPerson(t)
	anna.env = append(anna.env, "KCHAT_SERVER="+address, "KCHAT_USER=Anna")
	send := func(args ...string) (string, string, int) {
		return anna.run(t, "", append([]string{"send", "--password-file", annaPassword}, args...)...)
	}
	tailOf := func(t *testing.T, args ...string) *listener {
		t.Helper()
		return bob.tail(t, append([]string{"--server", address, "--user", "bob", "--password-file", bobPassword}, args...)...)
	}

	t.Run("alone has its own exit code and nothing arrives", func(t *testing.T) {
		out, errs, code := send("--room", "lobby", "nobody hears this")
		if code != exitAlone || out != "" || !strings.Contains(errs, "nobody else is present") {
			t.Errorf("exit code %d, %q, %q", code, out, errs)
		}
		l := tailOf(t, "--room", "lobby", "--since", "0:0")
		l.await("live", "", "")
		_, errs, code = send("--room", "lobby", "somebody hears this")
		if code != 0 {
			t.Fatalf("exit code %d, %q", code, errs)
		}
		if m := l.await("message", "", ""); m["text"] != "somebody hears this" || m["name"] != "Anna" || m["seq"] != float64(1) || m["before"] != nil {
			t.Errorf("%v", m)
		}
	})

	t.Run("two talk in lines", func(t *testing.T) { talkInLines(t, anna, bob, address, annaPassword, bobPassword) })

	t.Run("a room with a password is entered with the file that has it", func(t *testing.T) {
		lockRoom(t, address, "bob", bobPassword, "vault", "sesame")
		_, errs, code := send("--room", "vault", "let me in")
		if code != exitRefused || !strings.Contains(errs, "The room's password is missing or wrong.") {
			t.Errorf("exit code %d, %q", code, errs)
		}
		file := filepath.Join(t.TempDir(), "password")
		if err := os.WriteFile(file, []byte("sesame\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, errs, code = send("--room", "vault", "--room-password-file", file, "hello"); code != 0 {
			t.Errorf("exit code %d, %q", code, errs)
		}
	})

	t.Run("the place that is printed is the place that others see", func(t *testing.T) {
		l := tailOf(t, "--room", "places")
		out, errs, code := send("--room", "places", "one\ttwo\nthree 안녕")
		if code != 0 {
			t.Fatal(errs)
		}
		m := l.await("message", "text", "one\ttwo\nthree 안녕")
		place, err := json.Number(strings.Split(strings.TrimSpace(out), ":")[0]).Int64()
		if err != nil || float64(place) != m["epoch"] || !strings.HasSuffix(out, ":1\n") {
			t.Errorf("printed %q, tail has %v", out, m)
		}
	})

	t.Run("standard input is a message", func(t *testing.T) {
		l := tailOf(t, "--room", "pipe")
		_, errs, code := anna.run(t, "from\r\na pipe\n", "send", "--password-file", annaPassword, "--room", "pipe", "-")
		if code != 0 {
			t.Fatal(errs)
		}
		l.await("message", "text", "from\na pipe")
	})

	t.Run("wait waits for somebody", func(t *testing.T) {
		done := make(chan int, 1)
		go func() {
			_, _, code := send("--room", "waiting", "--wait=60s", "there you are")
			done <- code
		}()
		tailOf(t, "--room", "waiting").await("message", "text", "there you are")
		if code := <-done; code != 0 {
			t.Errorf("exit code %d", code)
		}
		begun := time.Now()
		if _, _, code := send("--room", "nobody", "--wait=1s", "x"); code != exitAlone || time.Since(begun) < time.Second {
			t.Errorf("exit code %d after %v", code, time.Since(begun))
		}
	})

	t.Run("a picture arrives whole", func(t *testing.T) {
		path := filepath.Join(anna.dir, "evening.png")
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := png.Encode(f, paint(640, 400)); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		l := tailOf(t, "--room", "pictures")
		if _, errs, code := send("--room", "pictures", "--image", path, "look"); code != 0 {
			t.Fatalf("exit code %d, %q", code, errs)
		}
		m := l.await("message", "text", "look")
		a, _ := m["attached"].(map[string]any)
		if a["mime"] != "image/png" || a["name"] != "evening.png" || a["width"] != float64(640) {
			t.Fatalf("%v", m)
		}
		hash := a["sha256"].(string)
		stored := filepath.Join(bob.dir, "data", "kchat", "blobs", "sha256", hash[:2], hash[2:])
		var info os.FileInfo
		await(t, "the picture", func() (there bool) {
			info, err = os.Stat(stored)
			return err == nil
		})
		if float64(info.Size()) != a["size"] {
			t.Errorf("%d bytes arrived of %v", info.Size(), a["size"])
		}
	})

	t.Run("since prints what was said before", func(t *testing.T) {
		l := tailOf(t, "--room", "lobby", "--since", "0:0")
		if m := l.await("message", "", ""); m["text"] != "somebody hears this" || m["before"] != true {
			t.Errorf("%v", m)
		}
	})

	t.Run("without a history nothing is kept, and what the server has comes all the same", func(t *testing.T) {
		l := tailOf(t, "--room", "passing", "--no-history")
		if _, errs, code := send("--room", "passing", "in passing"); code != 0 {
			t.Fatal(errs)
		}
		l.await("message", "text", "in passing")
		again := tailOf(t, "--room", "passing", "--no-history", "--since", "0:0")
		if m := again.await("message", "text", "in passing"); m["before"] != true || m["seq"] != float64(1) {
			t.Errorf("%v", m)
		}
		kept, err := history.Open(t.Context(), filepath.Join(bob.dir, "data", "kchat", "bob", "history.db"), history.Options{})
		if err != nil {
			t.Fatal(err)
		}
		list, err := kept.Rooms(t.Context(), rooms.UUID{}, 0)
		if err := errors.Join(err, kept.Close()); err != nil {
			t.Fatal(err)
		}
		for _, r := range list {
			if r.Room == "passing" {
				t.Errorf("%+v is kept", r)
			}
		}
	})

	t.Run("refusals have their own exit codes", func(t *testing.T) {
		wrong := filepath.Join(anna.dir, "wrong")
		if err := os.WriteFile(wrong, []byte("wrong\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		closed := "127.0.0.1:" + freePort(t)
		for name, c := range map[string]struct {
			args []string
			code int
		}{
			"a wrong password":   {[]string{"--room", "lobby", "x", "--password-file", wrong}, exitLogin},
			"an unknown name":    {[]string{"--room", "lobby", "x", "--user", "nobody"}, exitLogin},
			"no server":          {[]string{"--room", "lobby", "x", "--server", closed}, exitNoServer},
			"no room":            {[]string{"x"}, exitUsage},
			"no text":            {[]string{"--room", "lobby"}, exitUsage},
			"an unknown flag":    {[]string{"--room", "lobby", "--what", "x"}, exitUsage},
			"two texts":          {[]string{"--room", "lobby", "x", "y"}, exitUsage},
			"a bad name":         {[]string{"--room", "two\nlines", "x"}, exitUsage},
			"a bad wait":         {[]string{"--room", "lobby", "--wait=soon", "x"}, exitUsage},
			"somebody's room":    {[]string{"--room", "@900-901", "x"}, exitRefused},
			"a picture of words": {[]string{"--room", "lobby", "--image", wrong}, exitUsage},
		} {
			t.Run(name, func(t *testing.T) {
				out, errs, code := send(c.args...)
				if code != c.code || errs == "" || out != "" {
					t.Errorf("exit code %d, expected %d: %q, %q", code, c.code, out, errs)
				}
			})
		}
	})

	t.Run("tail goes on over a restart of the server", func(t *testing.T) {
		l := tailOf(t, "--room", "restart")
		host.mustRun(t, "server", "restart", "--port", port)
		l.await("offline", "", "")
		l.await("live", "", "")
		if _, errs, code := send("--room", "restart", "--wait", "after the restart"); code != 0 {
			t.Fatalf("exit code %d, %q", code, errs)
		}
		l.await("message", "text", "after the restart")
	})

	t.Run("another server at the address is refused until it is trusted", func(t *testing.T) {
		// The same port, another set of accounts and so another server.
		host.mustRun(t, "server", "stop", "--port", port)
		other := newPerson(t)
		other.mustRun(t, "server", "start", "--port", port)
		t.Cleanup(func() { _, _, _ = other.run(t, "", "server", "stop", "--port", port) })
		other.account(t, port, "Anna")
		if _, errs, code := send("--room", "lobby", "x"); code != exitOther || !strings.Contains(errs, "another server") {
			t.Errorf("exit code %d, %q", code, errs)
		}
		if _, _, code := send("--room", "lobby", "--trust", "x"); code != exitAlone {
			t.Errorf("trusted: exit code %d", code)
		}
	})
}

func TestTheConfigurationFileCountsLast(t *testing.T) {
	p := newPerson(t)
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(p.dir, "config"))
	path, err := configPath()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	config := "server = \"file.example\"\nuser = \"file\"\npassword_file = \"/file\"\n"
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KCHAT_SERVER", "")
	t.Setenv("KCHAT_USER", "environment")
	c := connection{passwordFile: "/flag"}
	if err := c.complete(); err != nil {
		t.Fatal(err)
	}
	if c.server != "file.example:10106" || c.user != "environment" || c.passwordFile != "/flag" {
		t.Errorf("%+v", c)
	}
	if err := os.WriteFile(path, []byte("server ="), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := (&connection{}).complete(); exitCode(err) != exitUsage {
		t.Error(err)
	}
}

func TestThePartnerAnswersSendsAPictureAndLeaves(t *testing.T) {
	host := newPerson(t)
	port := host.startServer(t)
	address := "127.0.0.1:" + port
	password := host.account(t, port, "Anna")
	args := []string{"--server", address, "--user", "Anna", "--password-file", password}

	partner := exec.Command(os.Getenv(programEnv), "partner", "--server", address, "--room", "practice")
	partner.Env, partner.Stderr = host.env, os.Stderr
	if err := partner.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- partner.Wait() }()
	for host.status(t, port).Rooms == 0 { // whoever comes first says what the room is for
		select {
		case err := <-ended:
			t.Fatal(err)
		case <-time.After(50 * time.Millisecond):
		}
	}

	l := host.tail(t, append(args, "--room", "practice")...)
	l.await("message", "kind", "message")
	if _, errs, code := host.run(t, "", append(append([]string{"send"}, args...), "--room", "practice", "--wait", "hi")...); code != 0 {
		t.Fatalf("exit code %d, %q", code, errs)
	}
	l.await("message", "text", "hi")
	for m := l.await("message", "", ""); ; m = l.await("message", "", "") {
		if a, ok := m["attached"].(map[string]any); ok {
			if a["mime"] != "image/png" {
				t.Errorf("%v", m)
			}
			break
		}
	}
	if _, errs, code := host.run(t, "", append(append([]string{"send"}, args...), "--room", "practice", "Bye!")...); code != 0 {
		t.Fatalf("exit code %d, %q", code, errs)
	}
	if e := l.await("presence", "state", "left"); e["present"] != float64(0) {
		t.Errorf("%v", e)
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(2 * time.Minute):
		_ = partner.Process.Kill()
		t.Error("the partner did not leave")
	}
	if _, errs, code := host.run(t, "", append(append([]string{"send"}, args...), "--room", "practice", "still there?")...); code != exitAlone {
		t.Errorf("when it has left: exit code %d, %q", code, errs)
	}
}

func TestWhatStrangersWriteIsHarmlessOnATerminal(t *testing.T) {
	var out bytes.Buffer
	r := record{Type: "message", Kind: "message", Name: "a\x1b[2Jb", Text: "x\x1b]0;title\x07\u202ey"}
	if err := (textPrinter{}).print(&out, &r); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(out.String(), "\x1b\x07\u202e") {
		t.Errorf("%q", out.String())
	}
}

// lockRoom makes a room with a password, and stays there until the test ends.
func lockRoom(t *testing.T, address, user, passwordFile, room, password string) {
	t.Helper()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	words, err := passwordFromFile(passwordFile)
	ok(err)
	c, err := peer.Dial(address)
	ok(err)
	t.Cleanup(func() { _ = c.Close() })
	ok(c.Hello())
	ok(c.Login(user, words))
	c.KeepAlive(2 * time.Second)
	r, err := c.Join(wire.Join{Name: room})
	ok(err)
	key, err := wire.RoomKey(password, c.Welcome.Community, room)
	ok(err)
	id := peer.NewID()
	masked := wire.MaskRoomKey(key, c.Key, id)
	ok(c.Send(wire.Header{Type: wire.TypeRule, Room: r.Number, ID: id}, wire.Ruling{Action: wire.RulePassword, Text: string(masked[:])}))
	_, err = c.Reply(id, wire.TypeOK)
	ok(err)
}
