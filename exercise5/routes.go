package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strings"

	"github.com/failsafe-go/failsafe-go/timeout"
	"github.com/gin-gonic/gin"

	"chaosworkshop/shared/problem"
)

// errBadCode says that a request lacks an airport code, or that a code is not one.
var errBadCode = errors.New("from and to must be IATA airport codes of three letters, as in ?from=LHR&to=JFK")

var airportCode = regexp.MustCompile(`^[A-Z]{3}$`)

// newRouter serves the flights API from find.
func newRouter(find finder) *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.RedirectTrailingSlash = false // Its redirect believes a header of the client.
	router.Use(gin.CustomRecoveryWithWriter(io.Discard, func(c *gin.Context, cause any) {
		slog.Error("panic", "cause", cause)
		problem.Write(c.Writer, http.StatusInternalServerError, "Something went wrong here.")
	}))
	router.NoRoute(func(c *gin.Context) {
		problem.Write(c.Writer, http.StatusNotFound, "Try /api/flights/routes?from=LHR&to=JFK")
	})

	router.GET("/api/flights/routes", func(c *gin.Context) {
		from, to := strings.ToUpper(c.Query("from")), strings.ToUpper(c.Query("to"))
		if !airportCode.MatchString(from) || !airportCode.MatchString(to) {
			fail(c, errBadCode)
			return
		}
		flights, err := find(c.Request.Context(), from, to)
		if err != nil {
			fail(c, err)
			return
		}
		c.JSON(http.StatusOK, flights)
	})
	return router
}

// fail answers with the status that stands for err, and with nothing internal.
func fail(c *gin.Context, err error) {
	open, refused := errors.AsType[openError](err)
	switch {
	case errors.Is(err, errBadCode):
		problem.Write(c.Writer, http.StatusBadRequest, err.Error())
	case errors.Is(err, timeout.ErrExceeded), errors.Is(err, context.DeadlineExceeded):
		problem.Write(c.Writer, http.StatusGatewayTimeout, "The flights database took too long.")
	case refused:
		problem.Unavailable(c.Writer, open.remaining, "The flights database is down and is left alone to recover.")
	default:
		slog.Error("find routes", "error", err)
		problem.Write(c.Writer, http.StatusInternalServerError, "The flights database did not answer as it should.")
	}
}
