// SPDX-License-Identifier: GPL-2.0-only

package kitty

import (
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"strconv"
)

// tempName has to stand in the name of a file that the terminal is to read and delete.
const tempName = "tty-graphics-protocol"

// TransmitFile is Transmit for a terminal on the same machine: the pixels go through a file that WriteTemp wrote,
// which the terminal deletes when it has read it.
func TransmitFile(p Placement, path string, w, h int, wrap Wrap) ([]byte, error) {
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("transmit picture: %w", err)
	}
	return fromFile(p.keys(w, h), path, w, h, wrap), nil
}

// QueryFile asks whether the terminal reads our files, with one of a picture of w by h that WriteTemp wrote. One that
// does deletes the file and answers with the id and OK; any other answers with an error, or not at all. The picture
// is not kept.
func QueryFile(id uint32, path string, w, h int, wrap Wrap) []byte {
	k := strconv.AppendUint([]byte("a=q,f=24,i="), uint64(id), 10)
	k = strconv.AppendInt(append(k, ",s="...), int64(w), 10)
	k = strconv.AppendInt(append(k, ",v="...), int64(h), 10)
	return fromFile(k, path, w, h, wrap)
}

// fromFile is a sequence whose pixels are in a file, 24 bits each.
func fromFile(keys []byte, path string, w, h int, wrap Wrap) []byte {
	keys = strconv.AppendInt(append(keys, ",t=t,S="...), int64(3*w*h), 10)
	return split(keys, base64.StdEncoding.AppendEncode(nil, []byte(path)), wrap)[0]
}

// WriteTemp writes the pixels of a picture to a new file that only this user can read, in a folder for temporary files;
// "" chooses memory if there is such a folder. Whoever passes the path to no terminal, or to one that does not read it,
// has to remove the file.
func WriteTemp(dir string, m *image.RGBA) (path string, err error) {
	if dir == "" {
		dir = "/dev/shm"
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			dir = os.TempDir()
		}
	}
	// A new file of mode 0600 (O_EXCL): no link that somebody else has put there is followed.
	f, err := os.CreateTemp(dir, "kchat-"+tempName+"-*")
	if err != nil {
		return "", fmt.Errorf("write picture for the terminal: %w", err)
	}
	_, err = f.Write(rgb(m))
	if err = errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(f.Name()) // the first error is the one to report
		return "", fmt.Errorf("write picture for the terminal: %w", err)
	}
	return filepath.Clean(f.Name()), nil
}
