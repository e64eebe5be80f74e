// SPDX-License-Identifier: GPL-2.0-only

package pixels

import (
	"context"
	"encoding/base64"
	"image"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"

	"kchat/media/kitty"
)

// withFiles is a painter for a terminal that reads files, and the folder in which they are put.
func withFiles(t *testing.T) (*Painter, *written, string) {
	t.Helper()
	p, w := withKitty()
	p.files.dir = t.TempDir()
	p.Use(Caps{Kitty: true, Files: true})
	return p, w, p.files.dir
}

var named = regexp.MustCompile(`\x1b_G([^;]*t=t[^;]*);([^\x1b]*)`)

// told are the files that the terminal was told of, in order.
func told(t *testing.T, w *written) (paths []string) {
	t.Helper()
	for _, seq := range named.FindAllStringSubmatch(w.String(), -1) {
		path, err := base64.StdEncoding.DecodeString(seq[2])
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, string(path))
	}
	return paths
}

// lie counts the files in a folder.
func lie(t *testing.T, dir string) int {
	t.Helper()
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// frames shows some frames, and fails if one is not shown.
func frames(t *testing.T, p *Painter, n int) {
	t.Helper()
	f, err := p.Film(4, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for range n {
		lines, err := f.Frame(t.Context(), dots(16, 8))
		if err != nil {
			t.Fatal(err)
		}
		show(p, lines)
	}
}

func TestATerminalIsAskedForFilesOnlyWhereItMayBeOnThisMachine(t *testing.T) {
	name := tea.TerminalVersionMsg{Name: "kitty(0.48.2)"}
	for _, c := range []struct {
		name    string
		setting Setting
		env     func(string) string
		before  []tea.Msg
		asked   bool
		answer  tea.Msg
		files   bool
	}{
		{name: "it says yes", before: []tea.Msg{name, ok(queryID)}, asked: true, answer: ok(filesID), files: true},
		{name: "it finds no file", before: []tea.Msg{name, ok(queryID)}, asked: true, answer: says(filesID, "ENOENT:no such file")},
		{name: "it may not read it", before: []tea.Msg{name, ok(queryID)}, asked: true, answer: says(filesID, "EBADF:13")},
		{name: "it says nothing", before: []tea.Msg{name, ok(queryID)}, asked: true},
		{name: "another answer", before: []tea.Msg{name, ok(queryID)}, asked: true, answer: ok(filesID + 1)},
		{name: "the first answer again", before: []tea.Msg{name, ok(queryID)}, asked: true, answer: ok(queryID)},
		{name: "before it has graphics", before: []tea.Msg{name}, answer: ok(filesID)},
		{name: "without graphics", before: []tea.Msg{name, says(queryID, "ENOTSUP")}, answer: ok(filesID)},
		{name: "by SSH", env: env("TERM=xterm-kitty", "SSH_CONNECTION=192.0.2.1 1 192.0.2.2 22"), before: []tea.Msg{name, ok(queryID)}, answer: ok(filesID)},
		{name: "by SSH, its terminal", env: env("TERM=xterm-kitty", "SSH_TTY=/dev/pts/1"), before: []tea.Msg{name, ok(queryID)}, answer: ok(filesID)},
		{name: "in tmux", env: env("TERM=tmux", "TMUX=x"), before: []tea.Msg{name, ok(queryID)}, answer: ok(filesID)},
		{name: "in tmux by its name", before: []tea.Msg{tea.TerminalVersionMsg{Name: "tmux 3.4"}, ok(queryID)}, answer: ok(filesID)},
		{name: "by the settings", setting: KittyOnly, before: []tea.Msg{name, ok(queryID)}, answer: ok(filesID)},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.setting == "" {
				c.setting = Auto
			}
			if c.env == nil {
				c.env = env("TERM=xterm-kitty")
			}
			term := NewTerminal(c.setting, c.env)
			for _, msg := range c.before {
				term.Answer(msg)
			}
			if term.AskFiles() != c.asked || term.AskFiles() {
				t.Errorf("is it to be asked, once: not %v", c.asked)
			}
			if c.answer != nil {
				term.Answer(c.answer)
			}
			if term.Caps().Files != c.files {
				t.Errorf("%+v", term.Caps())
			}
		})
	}
}

func TestTheQuestionForFilesIsAFileThatOnlyThisUserReads(t *testing.T) {
	p, w, dir := withFiles(t)
	if err := p.AskFiles(t.Context()); err != nil {
		t.Fatal(err)
	}
	paths := told(t, w)
	if len(paths) != 1 || filepath.Dir(paths[0]) != dir || !strings.Contains(w.String(), "a=q,f=24,i=32,s=8,v=8,t=t,S=192") {
		t.Fatalf("%q", w.String())
	}
	if info, err := os.Lstat(paths[0]); err != nil || info.Mode() != 0o600 || info.Size() != 192 {
		t.Errorf("%v, %v", info, err)
	}
}

func TestFramesGoThroughFilesToATerminalThatReadsThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, w, dir := withFiles(t)
		f, err := p.Film(4, 2)
		if err != nil {
			t.Fatal(err)
		}
		m := image.NewRGBA(image.Rect(0, 0, 2, 1))
		copy(m.Pix, []byte{1, 2, 3, 255, 4, 5, 6, 255})
		for i := range 3 * MaxFiles {
			lines, err := f.Frame(t.Context(), m)
			if err != nil {
				t.Fatal(err)
			}
			paths := told(t, w)
			if len(paths) != i+1 {
				t.Fatalf("frame %d: %d files", i, len(paths))
			}
			if got, err := os.ReadFile(paths[i]); err != nil || string(got) != "\x01\x02\x03\x04\x05\x06" {
				t.Errorf("%v, %v", got, err)
			}
			if err := os.Remove(paths[i]); err != nil { // as the terminal does
				t.Fatal(err)
			}
			show(p, lines)
		}
		if strings.Contains(w.String(), "t=d") || lie(t, dir) != 0 {
			t.Errorf("%d files lie there", lie(t, dir))
		}
	})
}

func TestATerminalThatWasNotAskedOrSaidNoGetsFramesDirectly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, w, dir := withFiles(t)
		p.Use(Caps{Kitty: true})
		frames(t, p, 2)
		if got := strings.Count(w.String(), "t=d"); got != 2 || len(told(t, w)) != 0 || lie(t, dir) != 0 {
			t.Errorf("%d directly, %d files", got, lie(t, dir))
		}
	})
}

func TestFilesThatTheTerminalDoesNotReadAreFewAndAreDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, w, dir := withFiles(t)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go p.Run(ctx)
		frames(t, p, MaxFiles+3)
		if got := strings.Count(w.String(), "t=d"); got != 3 || lie(t, dir) != MaxFiles {
			t.Errorf("%d directly, %d files", got, lie(t, dir))
		}
		time.Sleep(fileFor - time.Millisecond)
		synctest.Wait()
		if lie(t, dir) != MaxFiles {
			t.Errorf("%d files before their time", lie(t, dir))
		}
		time.Sleep(fileFor + time.Millisecond)
		synctest.Wait()
		if lie(t, dir) != 0 {
			t.Errorf("%d files after their time", lie(t, dir))
		}
		frames(t, p, 2) // it does not read them after all
		if got := strings.Count(w.String(), "t=d"); got != 5 || lie(t, dir) != 0 {
			t.Errorf("%d directly, %d files", got, lie(t, dir))
		}
	})
}

func TestNoFileIsLeftInTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _, dir := withFiles(t)
		ctx, cancel := context.WithCancel(t.Context())
		go p.Run(ctx)
		if err := p.AskFiles(ctx); err != nil {
			t.Fatal(err)
		}
		frames(t, p, 3)
		if lie(t, dir) != 4 {
			t.Errorf("%d files", lie(t, dir))
		}
		cancel()
		synctest.Wait()
		if lie(t, dir) != 0 {
			t.Errorf("%d files are left", lie(t, dir))
		}
		if err := p.frame(t.Context(), kitty.Placement{ID: 300, Cols: 1, Rows: 1}, dots(2, 2)); err != nil || lie(t, dir) != 0 {
			t.Errorf("a late frame leaves %d files: %v", lie(t, dir), err)
		}
	})
}

func TestAFrameThatIsNotSentLeavesNoFile(t *testing.T) {
	p, _, dir := withFiles(t)
	p.graphics <- struct{}{} // another picture is being sent
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.frame(ctx, kitty.Placement{ID: 300, Cols: 1, Rows: 1}, dots(2, 2)); err == nil || lie(t, dir) != 0 {
		t.Errorf("%d files, %v", lie(t, dir), err)
	}
	<-p.graphics
	if err := p.frame(t.Context(), kitty.Placement{Cols: 1, Rows: 1}, dots(2, 2)); err == nil || lie(t, dir) != 0 {
		t.Errorf("without an id: %d files, %v", lie(t, dir), err)
	}
	p.files.dir = filepath.Join(dir, "absent")
	if err := p.frame(t.Context(), kitty.Placement{ID: 300, Cols: 1, Rows: 1}, dots(2, 2)); err != nil {
		t.Errorf("where no file can be written: %v", err)
	}
}
