// SPDX-License-Identifier: GPL-2.0-only

package history

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kchat/rooms"
)

// spiteful is a talk made to break the formats out of which it is read back.
func spiteful() []rooms.Message {
	texts := []string{
		"plain", "two\nlines", textData, "x\n" + textData + "\n{\"id\":\"\"}", markdownData, "x\n-->\n<script>", "a --> b",
		"\x1b[31mred\x1b[0m \u009b31m \u202eback", "tab\tand  spaces \n\n trailing ", "| a | b |\n# head\n- list", "회의 🎉",
		"![tracker](http://example.org/x.png)", "", "{}", `"quoted" \ back`,
	}
	var talk []rooms.Message
	for i, text := range texts {
		talk = append(talk, said(i+1, text))
	}
	n := len(talk)
	add := func(m rooms.Message) { talk = append(talk, m) }
	m := said(n+1, "an answer\nwith a picture")
	m.ReplyTo, m.Thread = idOf(1), idOf(1)
	m.Attached = &rooms.Attachment{
		Hash: rooms.Hash{7}, Size: 123, MIME: "image/png", Name: "cat].png", Width: 3, Height: 4, Duration: 5 * time.Second,
	}
	m.State, m.Stored, m.Present, m.Backfill = rooms.StateDelivered, 1, 2, true
	add(m)
	add(to(1, rooms.KindEdit, said(n+2, "plain, edited")))
	react := to(2, rooms.KindReact, by(ann, "<ann>*_", said(n+3, "👍")))
	add(react)
	react.ID, react.Pos.Seq, react.Removed = idOf(n+4), uint64(n+4), true
	add(react)
	topic := said(n+5, "new topic")
	topic.Kind, topic.Pos = rooms.KindTopic, at(1<<62, 1)
	add(topic)
	later := said(n+6, "from a newer client")
	later.Kind, later.Pos, later.Time = 77, at(1<<62, 2), time.Time{}
	add(later)
	return talk
}

func everything(t testing.TB, s *Store) (list []rooms.Message) {
	t.Helper()
	room := must(s.ready(context.Background(), lobby))(t)
	return gather(t, s.raw(context.Background(), room, 0, rooms.Position{}, rooms.Position{}))
}

func TestASavedFileReadsBackWithoutLossAndWithoutDoubles(t *testing.T) {
	ctx := context.Background()
	for ending := range endings {
		t.Run(ending, func(t *testing.T) {
			from, path := openTest(t), filepath.Join(t.TempDir(), "talk"+ending)
			save(t, from, spiteful()...)
			equal(t, "written", must(from.SaveFile(ctx, path, ExportOptions{}))(t), len(spiteful()))
			into := openTest(t)
			save(t, into, spiteful()[:3]...)
			for i, fresh := range []int{len(spiteful()) - 3, 0} {
				got := must(into.LoadFile(ctx, path))(t)
				equal(t, fmt.Sprint("loaded, time ", i+1), got, Loaded{Read: len(spiteful()), New: fresh, Rooms: []Key{lobby}})
			}
			equal(t, "talk", everything(t, into), everything(t, from))
			equal(t, "coverage", must(into.Coverage(ctx, lobby))(t), must(from.Coverage(ctx, lobby))(t))
		})
	}
}

func TestRandomTalkSurvivesEveryFormat(t *testing.T) {
	ctx := context.Background()
	for seed := int64(1); seed <= 2; seed++ {
		r, from := rand.New(rand.NewSource(seed)), openTest(t)
		talk := someTalk(r, 60)
		for i := range talk {
			talk[i].Text = strings.Map(func(c rune) rune { return rune(r.Intn(0x3000)) }, talk[i].Text)
			if talk[i].Kind == rooms.KindDelete {
				talk[i].Kind = rooms.KindText // what is withdrawn is lost on purpose
			}
		}
		save(t, from, talk...)
		for ending, format := range endings {
			var file bytes.Buffer
			must(from.Export(ctx, &file, format, ExportOptions{}))(t)
			equal(t, ending, gather(t, Read(&file, format)), everything(t, from))
		}
	}
}

func TestWithdrawnWordsAreInNoFile(t *testing.T) {
	ctx, s := context.Background(), openTest(t)
	save(t, s, said(1, "secret"), to(1, rooms.KindEdit, said(2, "secret too")), to(1, rooms.KindDelete, said(3, "")),
		said(4, "public"), by(ann, "ann", to(4, rooms.KindDelete, said(5, ""))))
	for ending, format := range endings {
		var file bytes.Buffer
		must(s.Export(ctx, &file, format, ExportOptions{}))(t)
		if strings.Contains(file.String(), "secret") || !strings.Contains(file.String(), "public") {
			t.Errorf("%s:\n%s", ending, file.String())
		}
		into := openTest(t)
		save(t, into, gather(t, Read(&file, format))...)
		equal(t, ending, must(into.Last(ctx, lobby, 9))(t), must(s.Last(ctx, lobby, 9))(t))
	}
}

func TestFilesAreHarmlessToTheTerminalTheyAreShownIn(t *testing.T) {
	s := openTest(t)
	save(t, s, spiteful()...)
	for ending, format := range endings {
		var file bytes.Buffer
		must(s.Export(context.Background(), &file, format, ExportOptions{}))(t)
		for _, c := range file.String() {
			if c != '\n' && c != '\t' && c != '\uFFFD' && acts(c) {
				t.Errorf("%s has %U", ending, c)
			}
		}
	}
}

func TestReadableFormats(t *testing.T) {
	s := openTest(t)
	answer := by(ann, "ann", said(2, "two\nlines"))
	answer.ReplyTo = idOf(1)
	picture := said(5, "")
	picture.Time = noon.Add(24 * time.Hour)
	picture.Attached = &rooms.Attachment{Name: "cat.png", MIME: "image/png", Size: 2048}
	save(t, s, said(1, "hello <b>"), answer, to(1, rooms.KindReact, by(ann, "ann", said(3, "👍"))),
		to(1, rooms.KindEdit, said(4, "hi <b>")), picture)
	for ending, want := range map[string]string{
		".txt": `#lobby

-- Saturday, 21 November 2026 (UTC) --
12:00:01  bob: hi <b>
          (edited)
          👍 ann
12:00:02  ann: > bob: hi <b>
          two
          lines

-- Sunday, 22 November 2026 (UTC) --
12:00:00  bob: [cat.png, image/png, 2048 bytes]

` + textData + "\n",
		".md": `# lobby

## Saturday, 21 November 2026 (UTC)

**bob** 12:00:01

> hi &lt;b>
>
> *(edited)*
>
> *👍 ann*

**ann** 12:00:02

> > bob: hi &lt;b>
>
> two
> lines

## Sunday, 22 November 2026 (UTC)

**bob** 12:00:00

> [cat.png, image/png, 2048 bytes]

` + markdownData + "\n",
	} {
		var file bytes.Buffer
		must(s.Export(context.Background(), &file, endings[ending], ExportOptions{Location: time.UTC}))(t)
		talk, _, _ := strings.Cut(file.String(), `{"community"`)
		equal(t, ending, talk, want)
	}
}

func TestSavingAFile(t *testing.T) {
	ctx, s, dir := context.Background(), openTest(t), t.TempDir()
	save(t, s, said(1, "x"))
	path := filepath.Join(dir, "talk.txt")
	must(s.SaveFile(ctx, path, ExportOptions{}))(t)
	before := must(os.ReadFile(path))(t)
	equal(t, "mode", must(os.Stat(path))(t).Mode().Perm(), fs.FileMode(0o600))
	save(t, s, said(2, "y"))
	if _, err := s.SaveFile(ctx, path, ExportOptions{}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("saving onto a file: %v", err)
	}
	equal(t, "the file that was there", string(must(os.ReadFile(path))(t)), string(before))
	equal(t, "replaced", must(s.SaveFile(ctx, path, ExportOptions{Replace: true}))(t), 2)
	if _, err := s.SaveFile(ctx, filepath.Join(dir, "talk.doc"), ExportOptions{}); err == nil {
		t.Error("an unknown ending was accepted")
	}
	if _, err := s.SaveFile(ctx, filepath.Join(dir, "no", "talk.md"), ExportOptions{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("saving into no directory: %v", err)
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := s.SaveFile(cancelled, filepath.Join(dir, "cut.md"), ExportOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("saving after the end: %v", err)
	}
	equal(t, "files left", len(must(os.ReadDir(dir))(t)), 1)
}

func TestBadFilesAreNamedByLine(t *testing.T) {
	var good bytes.Buffer
	s := openTest(t)
	save(t, s, said(1, "good"))
	must(s.Export(context.Background(), &good, FormatJSON, ExportOptions{}))(t)
	line := strings.TrimSpace(good.String())
	replaced := func(old, new string) string {
		if !strings.Contains(line, old) {
			t.Fatalf("%s is not in %s", old, line)
		}
		return strings.Replace(line, old, new, 1)
	}
	for name, tc := range map[string]struct{ file, want string }{
		"no JSON":       {line + "\nhello\n" + line, "line 2: no message"},
		"no id":         {replaced(`"id":"`, `"ID2":"`), "line 1: id \"\""},
		"short id":      {replaced(`"id":"00`, `"id":"`), "line 1: id"},
		"no position":   {replaced(`"epoch":1,"seq":1`, `"epoch":0,"seq":0`), "line 1: no position"},
		"far position":  {replaced(`"epoch":1`, `"epoch":18446744073709551615`), "line 1: history: not a valid message"},
		"unknown kind":  {replaced(`"kind":"message"`, `"kind":"song"`), `line 1: kind "song" is not known`},
		"no room":       {replaced(`"room":"lobby"`, `"room":""`), "line 1: history: not a valid message"},
		"bad hash":      {replaced(`"kind":"message"`, `"kind":"message","attached":{"sha256":"zz"}`), "line 1: sha256"},
		"bad community": {replaced(`"community":"01`, `"community":"xx`), "line 1: community"},
		"endless line":  {strings.Repeat("x", maxLine+1), "after line 0: bufio.Scanner: token too long"},
	} {
		t.Run(name, func(t *testing.T) {
			var messages int
			var errs []string
			for _, err := range Read(strings.NewReader(tc.file), FormatJSON) {
				if err != nil {
					errs = append(errs, err.Error())
				} else {
					messages++
				}
			}
			if len(errs) != 1 || !strings.Contains(errs[0], tc.want) {
				t.Errorf("%d messages, errors %q, want one with %q", messages, errs, tc.want)
			}
			equal(t, "lines that are read all the same", messages, strings.Count(tc.file, "\n"))
		})
	}
	for _, format := range []Format{FormatText, FormatMarkdown} {
		for _, err := range Read(strings.NewReader("just a letter\n"), format) {
			if err == nil || !strings.Contains(err.Error(), "no data part") {
				t.Errorf("a file of another kind: %v", err)
			}
		}
	}
}

func TestAPathInAnAttachmentsNameIsCutOff(t *testing.T) {
	for given, want := range map[string]string{"../../.bashrc": ".bashrc", `C:\x\cat.png`: "cat.png", "/": "", "..": "", "": ""} {
		a := must((&attached{Hash: strings.Repeat("0", 64), Name: given}).attachment())(t)
		equal(t, given, a.Name, want)
	}
}

func FuzzRead(f *testing.F) {
	s := openTest(f)
	save(f, s, spiteful()...)
	for _, format := range endings {
		var file bytes.Buffer
		must(s.Export(context.Background(), &file, format, ExportOptions{}))(f)
		f.Add(file.Bytes(), int(format))
	}
	f.Fuzz(func(t *testing.T, file []byte, format int) {
		for m, err := range Read(bytes.NewReader(file), Format(format)) {
			if err != nil {
				continue
			}
			// What is read is valid, and is the same when it is written and read once more.
			if err := validate(m); err != nil {
				t.Fatalf("read %+v: %v", m, err)
			}
			line, err := recordOf(tidy(m)).marshal()
			if err != nil {
				t.Fatal(err)
			}
			again, err := parseLine(bytes.TrimSuffix(line, []byte("\n")))
			if d := diff(again, tidy(m)); err != nil || d != "" {
				t.Fatalf("%v\n%s", err, d)
			}
		}
	})
}
