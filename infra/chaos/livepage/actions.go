package livepage

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"chaosworkshop/shared/problem"
)

// handleActions adds what the buttons call. Every action is a POST with a JSON body.
func handleActions(routes *http.ServeMux, control Control) {
	routes.HandleFunc("POST /api/fault", action(func(r *http.Request, body struct{ Name string }) error {
		return control.Inject(r.Context(), body.Name)
	}))
	routes.HandleFunc("POST /api/calm", action(func(r *http.Request, _ struct{}) error {
		return control.Calm(r.Context())
	}))
	routes.HandleFunc("POST /api/load", action(func(r *http.Request, body struct{ Rate int }) error {
		return control.SetRate(r.Context(), body.Rate)
	}))
	routes.HandleFunc("POST /api/pause", action(func(r *http.Request, body struct{ Paused bool }) error {
		return control.Pause(r.Context(), body.Paused)
	}))
	routes.HandleFunc("POST /api/pool", action(func(r *http.Request, body struct{ Pooled bool }) error {
		return control.Pool(r.Context(), body.Pooled)
	}))
	routes.HandleFunc("POST /api/reset", action(func(r *http.Request, _ struct{}) error {
		return control.Reset(r.Context())
	}))
}

// action decodes the body for do, and answers 204, or says what went wrong.
func action[T any](do func(*http.Request, T) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		// A form of another page can post text, never JSON.
		if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); kind != "application/json" {
			problem.Write(w, http.StatusUnsupportedMediaType, "Send application/json.")
			return
		}
		var body T
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10)).Decode(&body); err != nil {
			problem.Write(w, http.StatusBadRequest, "The body is not the JSON that this action takes.")
			return
		}
		switch err := do(r, body); {
		case err == nil:
			w.WriteHeader(http.StatusNoContent)
		case errors.Is(err, errNotYet):
			problem.Write(w, http.StatusConflict, err.Error())
		default:
			problem.Write(w, http.StatusUnprocessableEntity, err.Error())
		}
	}
}
