// SPDX-License-Identifier: GPL-2.0-only

package export

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"kchat/server"
)

// told asks a handler for a path.
func told(t *testing.T, h http.Handler, path string) (code int, text string) {
	t.Helper()
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	body, err := io.ReadAll(answer.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.Code, string(body)
}

func healthy() server.Status {
	return server.Status{
		Mode: server.ModeVM, Name: "den", Kernel: "6.12.1", Module: "1.0", Restarts: 2,
		Counters: map[string]uint64{"people": 3, "messages": 12345, "uptime_ms": 61500},
	}
}

func TestTheMetricsAreThoseOfTheModule(t *testing.T) {
	h := Handler(func(context.Context) (server.Status, error) { return healthy(), nil }, slog.New(slog.DiscardHandler))
	code, text := told(t, h, "/metrics")
	if code != http.StatusOK {
		t.Fatalf("%d: %s", code, text)
	}
	for _, want := range []string{
		"kchat_up 1\n", "kchat_people 3\n", "kchat_messages_total 12345\n", "kchat_uptime_seconds 61.5\n", "kchat_restarts_total 2\n",
		"kchat_draining 0\n", "kchat_rooms_left 0\n", `kernel="6.12.1",mode="vm",module="1.0",name="den"`,
		"# TYPE kchat_people gauge\n", "# TYPE kchat_messages_total counter\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %q in\n%s", want, text)
		}
	}
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestAServerThatDoesNotAnswerIsDownAndSaysSoOnceInTheLog(t *testing.T) {
	var log bytes.Buffer
	why := errors.New("no server is running")
	h := Handler(func(context.Context) (server.Status, error) { return healthy(), why }, slog.New(slog.NewTextHandler(&log, nil)))
	for range 3 {
		code, text := told(t, h, "/metrics")
		if code != http.StatusOK || !strings.Contains(text, "kchat_up 0\n") || strings.Contains(text, "kchat_people") {
			t.Errorf("%d: %s", code, text)
		}
		if code, text = told(t, h, "/healthz"); code != http.StatusServiceUnavailable || !strings.Contains(text, why.Error()) {
			t.Errorf("%d: %s", code, text)
		}
	}
	why = nil
	if code, text := told(t, h, "/healthz"); code != http.StatusOK || text != "ok\n" {
		t.Errorf("%d: %s", code, text)
	}
	if said := log.String(); strings.Count(said, "does not answer") != 1 || strings.Count(said, "answers again") != 1 {
		t.Errorf("the log says\n%s", said)
	}
}

func TestAServerThatIsDrainedIsNotForNewPeople(t *testing.T) {
	s := healthy()
	s.Drain = &server.DrainStatus{Name: "attic", RoomsLeft: 7}
	h := Handler(func(context.Context) (server.Status, error) { return s, nil }, slog.New(slog.DiscardHandler))
	if code, text := told(t, h, "/healthz"); code != http.StatusServiceUnavailable || !strings.Contains(text, "7 rooms are still to go to attic") {
		t.Errorf("%d: %s", code, text)
	}
	if _, text := told(t, h, "/metrics"); !strings.Contains(text, "kchat_draining 1\n") || !strings.Contains(text, "kchat_rooms_left 7\n") {
		t.Error(text)
	}
}

// TestScrapesAtOnceAreBounded: a server that does not answer does not pile up those who ask.
func TestScrapesAtOnceAreBounded(t *testing.T) {
	began, answer := make(chan struct{}), make(chan struct{})
	h := Handler(func(context.Context) (server.Status, error) {
		began <- struct{}{}
		<-answer
		return healthy(), nil
	}, slog.New(slog.DiscardHandler))
	codes := make(chan int, askedAtOnce)
	for range askedAtOnce {
		go func() {
			recorder := httptest.NewRecorder()
			h.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", nil))
			codes <- recorder.Code
		}()
		<-began
	}
	if code, text := told(t, h, "/metrics"); code != http.StatusServiceUnavailable {
		t.Errorf("%d: %s", code, text)
	}
	close(answer)
	for range askedAtOnce {
		if code := <-codes; code != http.StatusOK {
			t.Errorf("one that had begun: %d", code)
		}
	}
}

func TestNothingElseIsThere(t *testing.T) {
	h := Handler(func(context.Context) (server.Status, error) { return healthy(), nil }, slog.New(slog.DiscardHandler))
	if code, _ := told(t, h, "/debug/pprof/"); code != http.StatusNotFound {
		t.Errorf("%d", code)
	}
}
