// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"kchat/server/vmtest"
)

// newScreensIn gives terminals inside of a machine that has tmux.
func newScreensIn(n *native) *screens {
	if out, code := n.exec("/bin/sh", "-c", "mkdir /dev/pts && mount -t devpts devpts /dev/pts"); code != 0 {
		n.t.Fatalf("mount the terminals: %s", out)
	}
	return &screens{t: n.t, every: 500 * time.Millisecond, does: func(args ...string) (string, error) {
		out, code := n.exec("/bin/tmux", append([]string{"-S", "/tmp/tmux"}, args...)...)
		if code != 0 {
			return out, fmt.Errorf("exit code %d", code)
		}
		return out, nil
	}}
}

// inside is somebody with folders of their own inside of such a machine.
func inside(name string) *person {
	return &person{dir: "/tmp/" + name, env: []string{"HOME=/tmp/" + name}}
}

// TestLoginByTheDevice: who has an account by the user's number opens the chat without a password, and it is the whole
// screen: rooms, talk, the other one's words, and a server that comes back.
func TestLoginByTheDevice(t *testing.T) {
	files := vmtest.Programs(t, "tmux", "sh", "mount", "mkdir")
	maps.Copy(files, map[string]string{"/usr/lib/locale/C.utf8/LC_CTYPE": "/usr/lib/locale/C.utf8/LC_CTYPE"})
	n := newNative(t, files)
	n.serve()
	n.must("user", "add", "kim", "--uid", "0", "--password-file", "/proc/version")
	n.must("user", "add", "lee", "--password-file", "/proc/version")
	terminals := newScreensIn(n)

	kim := terminals.start(inside("kim"), "kim", "/bin/kchat-tui", "login", "--local")
	kim.shows("Only you are in #lobby", "kim you")
	lee := terminals.start(inside("lee"), "lee", "/bin/kchat-tui", "login",
		"--server", "127.0.0.1:10106", "--user", "lee", "--password-file", "/proc/version")
	lee.shows("#lobby", "lee you", "kim")
	kim.hides("Only you are in #lobby")
	kim.say("without a password")
	lee.shows("without a password")
	lee.say("with one")
	kim.shows("with one", "✓✓")
	for _, s := range []*screen{kim, lee} {
		s.say("/join garden")
		s.shows("#garden")
	}
	kim.shows("lee", "2 here")
	kim.say("안녕, in the garden")
	lee.shows("안녕, in the garden")

	// A ticket holds for one login: the next server is told anew who one is.
	n.must("server", "stop")
	kim.shows("connection lost")
	n.must(nativeStart...)
	kim.shows("2 here")
	kim.say("still no password")
	lee.shows("still no password")

	// Whose uid it is no more gets in no more, and hears why.
	n.must("user", "set", "kim", "--no-uid")
	kim.shows("The server does not let you in any more", "--uid")
	lee.shows("Only you are in #garden")
}
