// SPDX-License-Identifier: GPL-2.0-only

package media

import (
	"bytes"
	"fmt"
)

// A role says what a piece of a picture file is for, as far as sending it to strangers is concerned.
type role uint8

const (
	roleImage  role = iota // needed to show the picture: goes along
	roleExif               // Exif: orientation, place, camera, thumbnail
	roleXMP                // XMP: may hold a place
	roleIPTC               // IPTC in a Photoshop block: may hold a place
	roleExtra              // anything else, which nobody needs to show the picture
	roleBefore             // roleImage too, and an Exif block may stand after it
)

// A part is a piece of a picture file. The parts in order are the file.
type part struct {
	role    role
	raw     []byte // as it stands in the file, with its framing
	payload []byte // without framing
}

// maxParts is how many pieces a picture file may have. Real ones have some hundreds; a file of nothing but empty
// pieces would cost us twenty times its size.
const maxParts = 100_000

// enough says that a file has more pieces than are good for us.
func enough(parts []part) error {
	if len(parts) < maxParts {
		return nil
	}
	return fmt.Errorf("%w: more than %d pieces", ErrCorrupt, maxParts)
}

// Stripped tells what Strip took away.
type Stripped struct {
	Location bool // where the picture was taken
	Metadata bool // anything at all: camera, comments, thumbnails, editing history
}

// Strip takes all metadata out of a picture before it is sent, and with it the place where it was taken. What is
// needed to show the picture stays: pixels, colour profile, animation, orientation. Pixels are never encoded anew.
//
// The result is the input itself when there was nothing to take away. A file whose structure cannot be followed to
// its end gives [ErrTruncated] or [ErrCorrupt], since then nobody knows what it would have given away.
func Strip(data []byte) ([]byte, Stripped, error) {
	var rep Stripped
	f, err := formatOf(data)
	if err != nil {
		return nil, rep, fmt.Errorf("strip metadata: %w", err)
	}
	parts, err := f.parts(data)
	if err != nil {
		return nil, rep, fmt.Errorf("strip metadata: %w", err)
	}
	facts := factsOf(parts)
	rep.Location = facts.location
	size := 0
	for _, p := range parts {
		size += len(p.raw)
		if p.role != roleImage && p.role != roleBefore {
			rep.Metadata = true
		}
	}
	if size < len(data) { // something was hidden behind the picture's end
		rep.Metadata = true
	}
	if !rep.Metadata || isOnlyOrientation(parts, facts, size == len(data)) {
		return data, Stripped{}, nil
	}
	out := make([]byte, 0, len(data)+64)
	out = f.assemble(out, parts, facts.orientation)
	if Sniff(out) != f.mime {
		return nil, Stripped{}, fmt.Errorf("strip metadata: %w: it has no pixels", ErrCorrupt)
	}
	return out, rep, nil
}

// isOnlyOrientation reports whether the only metadata is the very block that Strip itself would write.
func isOnlyOrientation(parts []part, facts exifFacts, whole bool) bool {
	seen := 0
	for _, p := range parts {
		switch p.role {
		case roleImage, roleBefore:
		case roleExif:
			seen++
			if !bytes.Equal(bytes.TrimPrefix(p.payload, []byte("Exif\x00\x00")), orientationExif(facts.orientation)) {
				return false
			}
		default:
			return false
		}
	}
	return whole && seen == 1
}

// factsOf gathers orientation and presence of a location from the parts of a picture.
func factsOf(parts []part) exifFacts {
	facts := exifFacts{orientation: OrientNormal}
	seen := false
	for _, p := range parts {
		switch p.role {
		case roleExif:
			e := parseExif(p.payload)
			facts.location = facts.location || e.location
			if !seen { // the first block counts
				facts.orientation, seen = e.orientation, true
			}
		case roleXMP:
			facts.location = facts.location || xmpHasLocation(p.payload)
		case roleIPTC:
			facts.location = facts.location || iptcHasLocation(p.payload)
		}
	}
	return facts
}

// xmpHasLocation looks for the properties that hold a place (XMP specification part 2; IPTC Core and Extension).
func xmpHasLocation(b []byte) bool {
	for _, name := range []string{
		"GPSLatitude", "GPSLongitude", "photoshop:City", "photoshop:State", "photoshop:Country",
		"Iptc4xmpCore:Location", "Iptc4xmpCore:CountryCode", "LocationCreated", "LocationShown",
	} {
		if bytes.Contains(b, []byte(name)) {
			return true
		}
	}
	return false
}

// iptcHasLocation looks for the IIM record 2 data sets that hold a place: 26 and 27 (content location), 90 (city),
// 92 (sublocation), 95 (state), 100 and 101 (country).
func iptcHasLocation(b []byte) bool {
	for {
		i := bytes.Index(b, []byte{0x1c, 2})
		if i < 0 || i+2 >= len(b) {
			return false
		}
		switch b[i+2] {
		case 26, 27, 90, 92, 95, 100, 101:
			return true
		}
		b = b[i+2:]
	}
}
