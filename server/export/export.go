// SPDX-License-Identifier: GPL-2.0-only

// Package export tells Prometheus what a server counts, and a load balancer whether it takes people. docs/watching.md has
// the metrics.
package export

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"kchat/server"
)

// What who asks may take of us.
const (
	answerWithin = 5 * time.Second // of the module
	askedAtOnce  = 4               // scrapes at once; more are told 503
)

// Source asks a server how it is.
type Source func(context.Context) (server.Status, error)

// gauges are the counters of the module that say how it is now; the others only grow until it stops.
var gauges = map[string]bool{
	"connections": true, "sessions": true, "people": true, "rooms": true, "streams": true, "accounts": true, "log_bytes": true,
}

// uptime is counted in milliseconds; Prometheus has seconds.
const uptime = "uptime_ms"

// collector makes metrics of a Status. It asks for a new one whenever it is asked itself.
type collector struct {
	ctx    context.Context // of who asks
	source Source

	up, info, uptime, restarts, draining, left *prometheus.Desc
}

func newCollector(ctx context.Context, source Source) *collector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("kchat_"+name, help, labels, nil)
	}
	return &collector{
		ctx: ctx, source: source,
		up:       desc("up", "Whether the module answers."),
		info:     desc("info", "What runs; always 1.", "name", "server_uuid", "mode", "kernel", "module"),
		uptime:   desc("uptime_seconds", "Since the module was started."),
		restarts: desc("restarts_total", "Starts of the microVM after it died."),
		draining: desc("draining", "Whether the server gives its rooms away and takes nobody."),
		left:     desc("rooms_left", "Rooms that are still to go, while it is draining."),
	}
}

// Describe implements prometheus.Collector. Counters are not known before the module has named them, so it describes none.
func (c *collector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	tell := func(desc *prometheus.Desc, kind prometheus.ValueType, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(desc, kind, value, labels...)
	}
	s, err := c.source(c.ctx)
	if err != nil {
		tell(c.up, prometheus.GaugeValue, 0)
		return
	}
	tell(c.up, prometheus.GaugeValue, 1)
	tell(c.info, prometheus.GaugeValue, 1, s.Name, s.Server.String(), string(s.Mode), s.Kernel, s.Module)
	tell(c.restarts, prometheus.CounterValue, float64(s.Restarts))
	draining, left := 0.0, 0.0
	if s.Drain != nil {
		draining, left = 1, float64(s.Drain.RoomsLeft)
	}
	tell(c.draining, prometheus.GaugeValue, draining)
	tell(c.left, prometheus.GaugeValue, left)
	for name, value := range s.Counters {
		const help = "The counter of this name in docs/protocol.md."
		switch {
		case name == uptime:
			tell(c.uptime, prometheus.GaugeValue, float64(value)/1000)
		case gauges[name]:
			tell(prometheus.NewDesc("kchat_"+name, help, nil, nil), prometheus.GaugeValue, float64(value))
		default:
			tell(prometheus.NewDesc("kchat_"+name+"_total", help, nil, nil), prometheus.CounterValue, float64(value))
		}
	}
}

// watched is a source that says in the log when the server stops answering and when it does again.
type watched struct {
	source Source
	log    *slog.Logger

	mu   sync.Mutex // protects what follows
	down bool
}

func (w *watched) status(ctx context.Context) (server.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	s, err := w.source(ctx)
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case err != nil && !w.down:
		w.log.Warn("the server does not answer", "error", err)
	case err == nil && w.down:
		w.log.Info("the server answers again", "name", s.Name)
	default:
		w.log.Debug("asked", "error", err)
	}
	w.down = err != nil
	return s, err
}

// Handler answers at /metrics and /healthz.
func Handler(source Source, log *slog.Logger) http.Handler {
	w := &watched{source: source, log: log}
	mux := http.NewServeMux()
	scrapes := make(chan struct{}, askedAtOnce)
	mux.HandleFunc("GET /metrics", func(out http.ResponseWriter, r *http.Request) {
		select {
		case scrapes <- struct{}{}:
			defer func() { <-scrapes }()
		default:
			http.Error(out, fmt.Sprintf("%d others are asking already", askedAtOnce), http.StatusServiceUnavailable)
			return
		}
		registry := prometheus.NewRegistry()
		registry.MustRegister(newCollector(r.Context(), w.status))
		promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelError)}).ServeHTTP(out, r)
	})
	mux.HandleFunc("GET /healthz", func(out http.ResponseWriter, r *http.Request) {
		s, err := w.status(r.Context())
		out.Header().Set("Cache-Control", "no-store")
		switch {
		case err != nil:
			http.Error(out, "down: "+err.Error(), http.StatusServiceUnavailable)
		case s.Drain != nil:
			http.Error(out, fmt.Sprintf("draining: %d rooms are still to go to %s", s.Drain.RoomsLeft, s.Drain.Name), http.StatusServiceUnavailable)
		default:
			_, _ = fmt.Fprintln(out, "ok")
		}
	})
	return mux
}
