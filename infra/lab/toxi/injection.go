package toxi

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
)

// disabledMark begins the name of the toxic that tells who disabled a proxy.
const disabledMark = "refused"

// Injection is a fault that is in place, and that can be removed without touching what others injected since.
type Injection struct {
	client       *Client
	proxy, toxic string
	disables     bool
}

// InPlace tells whether the fault is on the proxy, which was read after the injection.
func (i *Injection) InPlace(proxy Proxy) bool {
	return slices.ContainsFunc(proxy.Toxics, func(t Toxic) bool { return t.Name == i.toxic })
}

// RemoveAfter waits until ttl is over or ctx is done, and removes the fault, as Remove does.
func (i *Injection) RemoveAfter(ctx context.Context, ttl time.Duration) (bool, error) {
	timer := time.NewTimer(ttl)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return i.Remove(context.WithoutCancel(ctx))
}

// Remove removes the fault, and tells whether it was still in place. If it was not, someone removed or replaced it, and
// nothing changes.
func (i *Injection) Remove(ctx context.Context) (removed bool, err error) {
	err = again(func() error {
		err := i.client.call(ctx, http.MethodDelete, toxicPath(i.proxy, i.toxic), nil, nil)
		if errors.Is(err, errNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		removed = true
		if !i.disables {
			return nil
		}
		if err := i.client.enable(ctx, i.proxy, true); err != nil {
			return err
		}
		// Another process may have disabled the proxy since the mark went: its own mark came first.
		proxy, err := i.client.Proxy(ctx, i.proxy)
		if err == nil && slices.ContainsFunc(proxy.Toxics, func(t Toxic) bool { return strings.HasPrefix(t.Name, disabledMark+"_") }) {
			return i.client.enable(ctx, i.proxy, false)
		}
		return err
	})
	return removed, err
}
