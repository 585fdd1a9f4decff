// Package apptest helps to test an app in memory: it listens to the app's log, and sends it any request.
package apptest

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"

	"chaosworkshop/shared/server"
)

// Log is what an app has logged.
type Log struct {
	mutex   sync.Mutex
	records []slog.Record
}

// CaptureLog collects what is logged until the test ends.
func CaptureLog(t testing.TB) *Log {
	t.Helper()
	before, log := slog.Default(), &Log{}
	slog.SetDefault(slog.New(server.WithRequestID(log)))
	t.Cleanup(func() { slog.SetDefault(before) })
	return log
}

// Lines returns the lines so far, each with its level, its message and the requested attributes.
func (l *Log) Lines(attributes ...string) []string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	var lines []string
	for _, record := range l.records {
		line := record.Level.String() + " " + record.Message
		record.Attrs(func(attribute slog.Attr) bool {
			if slices.Contains(attributes, attribute.Key) {
				line += " " + attribute.String()
			}
			return true
		})
		lines = append(lines, line)
	}
	return lines
}

// Enabled implements slog.Handler.
func (l *Log) Enabled(context.Context, slog.Level) bool { return true }

// Handle implements slog.Handler.
func (l *Log) Handle(_ context.Context, record slog.Record) error {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.records = append(l.records, record)
	return nil
}

// WithAttrs implements slog.Handler. No app uses it.
func (l *Log) WithAttrs([]slog.Attr) slog.Handler { return l }

// WithGroup implements slog.Handler. No app uses it.
func (l *Log) WithGroup(string) slog.Handler { return l }
