// SPDX-License-Identifier: GPL-2.0-only

package trial

// Growth is by how much samples taken at equal distances grow from the first to the last, by the straight line that fits them
// best (least squares): one sample that is off, at the end too, says little.
func Growth(samples []float64) float64 {
	n := float64(len(samples))
	if n < 2 {
		return 0
	}
	middle, mean := (n-1)/2, 0.0
	for _, y := range samples {
		mean += y / n
	}
	var rise, run float64
	for i, y := range samples {
		x := float64(i) - middle
		rise += x * (y - mean)
		run += x * x
	}
	return rise / run * (n - 1)
}
