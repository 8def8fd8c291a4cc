package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"syscall"

	"k8s.io/client-go/rest"
)

// link is a client's way to the server, which can be cut.
type link struct {
	next http.RoundTripper
	mu   sync.Mutex
	down bool
	cuts map[int]context.CancelFunc
	n    int
	// what was asked for
	lists, watches, initial int
}

// linked gives a copy of `config` whose requests take a way of their own.
func linked(config *rest.Config) (*rest.Config, *link) {
	l := &link{cuts: map[int]context.CancelFunc{}}
	c := rest.CopyConfig(config)
	c.Wrap(func(next http.RoundTripper) http.RoundTripper {
		l.next = next
		return l
	})
	return c, l
}

func (l *link) RoundTrip(r *http.Request) (*http.Response, error) {
	l.mu.Lock()
	if l.down {
		l.mu.Unlock()
		return nil, fmt.Errorf("the link is cut: %w", syscall.ECONNREFUSED)
	}
	ctx, cancel := context.WithCancel(r.Context())
	l.n++
	l.cuts[l.n] = cancel
	q := r.URL.Query()
	switch {
	case q.Get("sendInitialEvents") == "true":
		l.initial++
	case q.Get("watch") == "true" || q.Get("watch") == "1":
		l.watches++
	case r.Method == http.MethodGet:
		l.lists++
	}
	l.mu.Unlock()
	answer, err := l.next.RoundTrip(r.WithContext(ctx))
	if err == nil {
		answer.Body = cutBody{answer.Body}
	}
	return answer, err
}

// cutBody ends where its link was cut, as if the server had closed it.
type cutBody struct {
	io.ReadCloser
}

func (b cutBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, context.Canceled) {
		err = io.EOF
	}
	return n, err
}

func (l *link) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = true
	for _, cancel := range l.cuts {
		cancel()
	}
	l.cuts = map[int]context.CancelFunc{}
}

func (l *link) mend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = false
}

// asked gives how many lists, watches and watches with initial events there were.
func (l *link) asked() (lists, watches, initial int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lists, l.watches, l.initial
}
