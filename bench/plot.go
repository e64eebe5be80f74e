// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"fmt"
	"math"
	"strings"

	"kchat/bench/job"
)

// series is one line of a plot.
type series struct {
	name   string
	points []point
}

type point struct{ x, y float64 }

// panel is one plot with logarithmic axes.
type panel struct {
	title  string
	xLabel string
	series []series
}

// The sizes of a plot, in pixels.
const (
	panelWidth   = 440
	panelHeight  = 320
	marginLeft   = 64
	marginRight  = 16
	marginTop    = 36
	marginBottom = 44
	legendHeight = 34
)

// colour of each server: the same in all plots, and to be told apart by people who see fewer colours (after Okabe and Ito).
func colour(server string) string {
	switch server {
	case job.Kchat:
		return "#d55e00"
	case job.Twin:
		return "#e69f00"
	case job.Floor:
		return "#888888"
	case job.InspIRCd:
		return "#0072b2"
	case job.NgIRCd:
		return "#56b4e9"
	case job.Redis:
		return "#cc3377"
	case job.NATS:
		return "#009e73"
	}
	return "#4b3f99"
}

// membersPlot is the cost of a delivery against the members of the room.
func (r *results) membersPlot() string {
	var panels []panel
	for _, size := range []int{small, large} {
		for _, mode := range []string{modeOne, modeSat} {
			p := panel{title: fmt.Sprintf("%s, %s", sizeName(size), modeTitle(mode)), xLabel: "members of the room"}
			for _, server := range everyServer() {
				s := series{name: server}
				for _, n := range r.members(mode, size) {
					if found := r.find(server, mode, n, size); found != nil {
						s.points = append(s.points, point{float64(n), perDelivery(*found).server})
					}
				}
				p.series = append(p.series, s)
			}
			panels = append(panels, p)
		}
	}
	return draw("The server's "+r.unit()+" per delivery", panels)
}

func modeTitle(mode string) string {
	if mode == modeSat {
		return "saturated"
	}
	return "one message at a time"
}

// roomsPlot is the cost of a delivery against the number of rooms, and of connections: of the server, and of all.
func (r *results) roomsPlot() string {
	var panels []panel
	for _, kind := range []struct {
		title string
		of    func(job.Result) float64
	}{{"of the server", ofServer}, {"of all", ofAll}} {
		p := panel{title: fmt.Sprintf("64 B, rooms of %d: %s", roomMembers, kind.title), xLabel: fmt.Sprintf("rooms (connections: %d times as many)", roomMembers)}
		for _, server := range everyServer() {
			s := series{name: server}
			for _, rooms := range roomCounts() {
				if found := r.inRooms(server, rooms); found != nil {
					s.points = append(s.points, point{float64(rooms), kind.of(*found)})
				}
			}
			p.series = append(p.series, s)
		}
		panels = append(panels, p)
	}
	return draw(strings.ToUpper(r.unit()[:1])+r.unit()[1:]+" per delivery", panels)
}

// draw puts the panels into rows of two, under a legend.
func draw(title string, panels []panel) string {
	var out strings.Builder
	rows := (len(panels) + 1) / 2
	width, height := 2*panelWidth, rows*panelHeight+legendHeight
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n",
		width, height, width, height)
	fmt.Fprintf(&out, `<title>%s</title>`+"\n", title)
	fmt.Fprintf(&out, `<rect width="%d" height="%d" fill="#ffffff"/>`+"\n", width, height)
	legend(&out, panels)
	for i, p := range panels {
		fmt.Fprintf(&out, `<g transform="translate(%d %d)">`+"\n", i%2*panelWidth, legendHeight+i/2*panelHeight)
		p.draw(&out, title)
		out.WriteString("</g>\n")
	}
	out.WriteString("</svg>\n")
	return out.String()
}

// legend names the servers that have a point anywhere.
func legend(out *strings.Builder, panels []panel) {
	x := marginLeft
	for _, server := range everyServer() {
		there := false
		for _, p := range panels {
			for _, s := range p.series {
				there = there || s.name == server && len(s.points) > 0
			}
		}
		if !there {
			continue
		}
		fmt.Fprintf(out, `<line x1="%d" y1="18" x2="%d" y2="18" stroke="%s" stroke-width="%s"%s/>`, x, x+22, colour(server), stroke(server), dashes(server))
		fmt.Fprintf(out, `<text x="%d" y="22" fill="#222222">%s</text>`+"\n", x+28, server)
		x += 100
	}
}

func stroke(server string) string {
	if server == job.Kchat {
		return "3.5"
	}
	return "1.8"
}

// dashes are for what is no peer.
func dashes(server string) string {
	if ours(server) && server != job.Kchat {
		return ` stroke-dasharray="6 4"`
	}
	return ""
}

// axis is a logarithmic one: from and to are powers of ten.
type axis struct{ from, to, begin, end float64 }

func (a axis) at(value float64) float64 {
	return a.begin + (math.Log10(value)-a.from)/(a.to-a.from)*(a.end-a.begin)
}

// axes hold all points.
func (p panel) axes() (x, y axis) {
	lowX, highX, lowY, highY := math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	for _, s := range p.series {
		for _, at := range s.points {
			lowX, highX = min(lowX, at.x), max(highX, at.x)
			lowY, highY = min(lowY, at.y), max(highY, at.y)
		}
	}
	x = axis{math.Log10(lowX), math.Log10(highX), marginLeft + 10, panelWidth - marginRight - 10}
	if x.from == x.to {
		x.from, x.to = x.from-1, x.to+1
	}
	y = axis{math.Floor(math.Log10(lowY)), math.Ceil(math.Log10(highY)), panelHeight - marginBottom, marginTop}
	if y.from == y.to {
		y.to++
	}
	return x, y
}

func (p panel) draw(out *strings.Builder, yLabel string) {
	fmt.Fprintf(out, `<text x="%d" y="22" font-size="14" fill="#222222">%s</text>`+"\n", marginLeft, p.title)
	x, y := p.axes()
	if math.IsInf(x.from, 0) {
		fmt.Fprintf(out, `<text x="%d" y="60" fill="#666666">not measured</text>`+"\n", marginLeft)
		return
	}
	p.grid(out, x, y)
	fmt.Fprintf(out, `<text x="%d" y="%d" text-anchor="middle" fill="#444444">%s</text>`+"\n",
		(marginLeft+panelWidth-marginRight)/2, panelHeight-8, p.xLabel)
	fmt.Fprintf(out, `<text transform="translate(14 %d) rotate(-90)" text-anchor="middle" fill="#444444">%s</text>`+"\n",
		(marginTop+panelHeight-marginBottom)/2, yLabel)
	// The module's line comes last, so that it lies over the others.
	for i := len(p.series) - 1; i >= 0; i-- {
		s := p.series[i]
		var path []string
		for _, at := range s.points {
			path = append(path, fmt.Sprintf("%.1f,%.1f", x.at(at.x), y.at(at.y)))
		}
		if len(path) == 0 {
			continue
		}
		fmt.Fprintf(out, `<polyline points="%s" fill="none" stroke="%s" stroke-width="%s"%s/>`+"\n",
			strings.Join(path, " "), colour(s.name), stroke(s.name), dashes(s.name))
		for _, at := range s.points {
			fmt.Fprintf(out, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"><title>%s: %s</title></circle>`+"\n",
				x.at(at.x), y.at(at.y), colour(s.name), s.name, number(at.y))
		}
	}
}

// grid draws lines and numbers: at powers of ten on the left, at each measured value below.
func (p panel) grid(out *strings.Builder, x, y axis) {
	for power := y.from; power <= y.to; power++ {
		for digit := 1.0; digit < 10; digit++ {
			value := digit * math.Pow(10, power)
			if math.Log10(value) > y.to {
				break
			}
			shade := "#eeeeee"
			if digit == 1 {
				shade = "#cccccc"
				fmt.Fprintf(out, `<text x="%d" y="%.1f" text-anchor="end" fill="#444444">%s</text>`+"\n", marginLeft-6, y.at(value)+4, number(value))
			}
			fmt.Fprintf(out, `<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="%s"/>`+"\n", marginLeft, y.at(value), panelWidth-marginRight, y.at(value), shade)
		}
	}
	done := map[float64]bool{}
	for _, s := range p.series {
		for _, at := range s.points {
			if done[at.x] {
				continue
			}
			done[at.x] = true
			fmt.Fprintf(out, `<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#dddddd"/>`, x.at(at.x), marginTop, x.at(at.x), panelHeight-marginBottom)
			fmt.Fprintf(out, `<text x="%.1f" y="%d" text-anchor="middle" fill="#444444">%s</text>`+"\n", x.at(at.x), panelHeight-marginBottom+16, number(at.x))
		}
	}
}
