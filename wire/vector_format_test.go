// SPDX-License-Identifier: GPL-2.0-only

package wire

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// vector is one entry of a file in testdata: its meaning, its fields in order, and the bytes.
type vector struct {
	meaning []string
	fields  [][2]string
	frame   []byte
}

func (v vector) field(name string) string {
	for _, f := range v.fields {
		if f[0] == name {
			return f[1]
		}
	}
	return ""
}

func (v *vector) set(name, value string) { v.fields = append(v.fields, [2]string{name, value}) }

// String writes the vector as it stands in its file.
func (v vector) String() string {
	var b strings.Builder
	for _, line := range v.meaning {
		fmt.Fprintf(&b, "# %s\n", line)
	}
	for _, f := range v.fields {
		fmt.Fprintf(&b, "%s = %s\n", f[0], f[1])
	}
	for at := 0; at < len(v.frame); at += 32 {
		fmt.Fprintf(&b, "hex = %x\n", v.frame[at:min(at+32, len(v.frame))])
	}
	return b.String()
}

func readVectors(t testing.TB, path string) []vector {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []vector
	var v vector
	flush := func() {
		if len(v.fields) > 0 {
			all = append(all, v)
		}
		v = vector{}
	}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		name, value, pair := strings.Cut(line, " = ")
		switch {
		case line == "":
			flush()
		case strings.HasPrefix(line, "# "):
			v.meaning = append(v.meaning, line[2:])
		case !pair:
			t.Fatalf("%s: %q is neither a meaning nor a field", path, line)
		case name == "hex":
			b, err := hex.DecodeString(value)
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			v.frame = append(v.frame, b...)
		default:
			v.set(name, value)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	flush()
	return all
}

func vectorFiles(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.hex")
	if err != nil || len(files) == 0 {
		t.Fatal("no vectors", err)
	}
	return files
}

// describe lists the header and the body of a frame as fields.
func describe(h Header, body Body) [][2]string {
	var v vector
	v.set("type", h.Type.String())
	v.set("flags", strconv.Itoa(int(h.Flags)))
	v.set("room", strconv.Itoa(int(h.Room)))
	v.set("epoch", strconv.FormatUint(h.Epoch, 10))
	v.set("seq", strconv.FormatUint(h.Seq, 10))
	v.set("time", strconv.FormatUint(h.Time, 10))
	v.set("sender", strconv.FormatUint(h.Sender, 10))
	v.set("id", h.ID.String())
	v.walk("body", reflect.ValueOf(body))
	return v.fields
}

// walk appends a value: numbers in decimal, fixed bytes in hexadecimal, text in quotes, parts by their names.
func (v *vector) walk(name string, value reflect.Value) {
	switch value.Kind() {
	case reflect.Pointer:
		if !value.IsNil() {
			v.walk(name, value.Elem())
		}
	case reflect.Struct:
		for i := range value.NumField() {
			v.walk(name+"."+snake(value.Type().Field(i).Name), value.Field(i))
		}
	case reflect.Array:
		b := make([]byte, value.Len())
		reflect.Copy(reflect.ValueOf(b), value)
		v.set(name, hex.EncodeToString(b))
	case reflect.String:
		v.set(name, quote(value.String()))
	case reflect.Slice:
		if value.Type().Elem().Kind() == reflect.Uint8 {
			v.set(name, quote(string(value.Bytes())))
			return
		}
		v.set(name+".count", strconv.Itoa(value.Len()))
		for i := range value.Len() {
			v.walk(name+"."+strconv.Itoa(i), value.Index(i))
		}
	case reflect.Bool:
		v.set(name, map[bool]string{true: "1", false: "0"}[value.Bool()])
	case reflect.Int64: // time.Duration
		v.set(name, strconv.FormatInt(value.Int()/1e6, 10))
	default:
		v.set(name, strconv.FormatUint(value.Uint(), 10))
	}
}

// quote keeps printable ASCII and valid UTF-8 as they are and writes the rest as \xNN.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == unicode.ReplacementChar && s[i] != "\uFFFD"[0] || r < 0x20 || r == 0x7f:
			fmt.Fprintf(&b, "\\x%02x", s[i])
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// snake writes a Go name as the vectors do: ReplyTo as reply_to, MIME as mime.
func snake(name string) string {
	var b strings.Builder
	for i, r := range name {
		if i > 0 && unicode.IsUpper(r) && unicode.IsLower(rune(name[i-1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
