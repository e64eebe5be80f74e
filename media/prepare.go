// SPDX-License-Identifier: GPL-2.0-only

package media

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Outgoing is a picture that is ready to be sent.
type Outgoing struct {
	Info
	Name     string // fit to be shown and saved by others, with the ending its contents have
	Data     []byte // without metadata
	Stripped Stripped
}

// Prepare reads a picture file, looks whether it can be shown at all, and takes the metadata out of it. Errors are
// those of [ReadFile], [Inspect] and [Strip].
func Prepare(path string) (Outgoing, error) {
	data, err := ReadFile(path)
	if err != nil {
		return Outgoing{}, err
	}
	return PrepareData(filepath.Base(path), data)
}

// PrepareData is Prepare for a picture that is in memory, such as one that was pasted.
func PrepareData(name string, data []byte) (Outgoing, error) {
	info, err := Inspect(name, data)
	if err != nil {
		return Outgoing{}, err
	}
	out := Outgoing{Name: SafeName(name)}
	if out.Data, out.Stripped, err = Strip(data); err != nil {
		return Outgoing{}, fmt.Errorf("prepare picture %s: %w", out.Name, err)
	}
	if out.Info, err = Inspect("", out.Data); err != nil {
		return Outgoing{}, err
	}
	if mimeOfName(out.Name) != info.MIME {
		ext := filepath.Ext(out.Name)
		if mimeOfName(out.Name) == "" { // "holiday.2024" is a name, not an ending
			ext = ""
		}
		out.Name = SafeName(strings.TrimSuffix(out.Name, ext) + info.Ext)
	}
	return out, nil
}
