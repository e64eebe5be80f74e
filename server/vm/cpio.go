// SPDX-License-Identifier: GPL-2.0-only

package vm

import (
	"fmt"
	"io"
	"path"
	"sort"
	"strings"
)

// The file types of a cpio archive, as in stat(2).
const (
	modeDir  = 0o040000
	modeFile = 0o100000
	modeChar = 0o020000
)

// archive is a cpio archive of the "newc" kind, what the kernel unpacks as its first file system
// (Documentation/driver-api/early-userspace/buffer-format.rst).
type archive struct {
	out   io.Writer
	inode uint32
	dirs  map[string]bool
	err   error
}

func newArchive(out io.Writer) *archive {
	return &archive{out: out, dirs: map[string]bool{".": true, "/": true}}
}

// file adds a regular file and the folders it lies in.
func (a *archive) file(name string, mode uint32, data []byte) {
	a.parents(name)
	a.entry(name, modeFile|mode, 0, 0, data)
}

// char adds a character device.
func (a *archive) char(name string, major, minor uint32) {
	a.parents(name)
	a.entry(name, modeChar|0o600, major, minor, nil)
}

// dir adds a folder and those it lies in.
func (a *archive) dir(name string) {
	a.parents(name + "/.")
}

// close ends the archive and says whether anything went wrong since the beginning.
func (a *archive) close() error {
	a.entry("TRAILER!!!", 0, 0, 0, nil)
	return a.err
}

func (a *archive) parents(name string) {
	var missing []string
	for dir := path.Dir(name); !a.dirs[dir]; dir = path.Dir(dir) {
		a.dirs[dir] = true
		missing = append(missing, dir)
	}
	sort.Strings(missing) // a parent sorts before its children
	for _, dir := range missing {
		a.entry(dir, modeDir|0o755, 0, 0, nil)
	}
}

func (a *archive) entry(name string, mode, major, minor uint32, data []byte) {
	if a.err != nil {
		return
	}
	name = strings.TrimPrefix(name, "/")
	a.inode++
	links := 1
	if mode&modeDir == modeDir {
		links = 2
	}
	head := fmt.Sprintf("070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%s\x00",
		a.inode, mode, 0, 0, links, 0, len(data), 0, 0, major, minor, len(name)+1, 0, name)
	a.write([]byte(head))
	a.write(padding(len(head)))
	a.write(data)
	a.write(padding(len(data)))
}

func (a *archive) write(p []byte) {
	if a.err == nil {
		_, a.err = a.out.Write(p)
	}
}

// padding fills n bytes up to a multiple of four.
func padding(n int) []byte { return make([]byte, (4-n%4)%4) }
