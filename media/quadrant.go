// SPDX-License-Identifier: GPL-2.0-only

package media

// quadrant makes a cell of the four pixels from x, y: the split into two groups whose means are nearest to the
// pixels.
func (b *Blocks) quadrant(px []rgb, x, y, w int) cell {
	four := [4]rgb{px[y*w+x], px[y*w+x+1], px[(y+1)*w+x], px[(y+1)*w+x+1]}
	if b.opts.Profile == NoColor {
		return b.weight((four[0].luma() + four[1].luma() + four[2].luma() + four[3].luma()) / 4)
	}
	if four[0] == four[1] && four[0] == four[2] && four[0] == four[3] {
		bg, _ := b.opts.Profile.paintOf(four[0])
		return cell{' ', noPaint, bg}
	}
	best, mask := int32(1<<30), 0
	var on, off rgb
	for m := 1; m < 8; m++ { // the lower right quarter is always background: the other half are mirror images
		f, g := means(four, m)
		cost := int32(0)
		for i, c := range four {
			if m>>i&1 == 1 {
				cost += c.distance(f)
			} else {
				cost += c.distance(g)
			}
		}
		if cost < best {
			best, mask, on, off = cost, m, f, g
		}
	}
	fg, _ := b.opts.Profile.paintOf(on)
	bg, _ := b.opts.Profile.paintOf(off)
	if fg == bg {
		return cell{' ', noPaint, bg}
	}
	// Block elements by the quarters in the foreground: bit 0 top left, bit 1 top right, bit 2 bottom left.
	return cell{[8]rune{' ', '▘', '▝', '▀', '▖', '▌', '▞', '▛'}[mask], fg, bg}
}

// means gives the mean colours of the pixels in a mask, and of the others.
func means(four [4]rgb, mask int) (in, out rgb) {
	n := int32(0)
	for i, c := range four {
		if mask>>i&1 == 1 {
			in = rgb{in.r + c.r, in.g + c.g, in.b + c.b}
			n++
		} else {
			out = rgb{out.r + c.r, out.g + c.g, out.b + c.b}
		}
	}
	return rgb{in.r / n, in.g / n, in.b / n}, rgb{out.r / (4 - n), out.g / (4 - n), out.b / (4 - n)}
}
