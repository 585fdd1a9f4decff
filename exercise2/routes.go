package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"regexp"
	"strings"

	"github.com/gin-gonic/gin"

	"chaosworkshop/shared/database"
	"chaosworkshop/shared/problem"
)

// errBadCode says that a request lacks an airport code, or that a code is not valid.
var errBadCode = errors.New("from and to must be IATA airport codes of three letters, as in ?from=LHR&to=JFK")

var airportCode = regexp.MustCompile(`^[A-Za-z]{3}$`)

// methods are the methods of each endpoint; HEAD is GET without the body.
var methods = []string{http.MethodGet, http.MethodHead}

// newRouter serves the flights API from find.
func newRouter(find finder) *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.RedirectTrailingSlash = false // Its redirect would trust a header of the client.
	router.HandleMethodNotAllowed = true
	router.Use(gin.CustomRecoveryWithWriter(nil, func(c *gin.Context, cause any) {
		fail(c, problem.Panic(cause))
	}))
	router.NoRoute(func(c *gin.Context) {
		problem.Write(c.Writer, http.StatusNotFound, "Try /api/flights/routes?from=LHR&to=JFK")
	})
	router.NoMethod(func(c *gin.Context) {
		problem.Write(c.Writer, http.StatusMethodNotAllowed, "Use GET.")
	})

	router.Match(methods, "/api/flights/routes", func(c *gin.Context) {
		from, to := c.Query("from"), c.Query("to")
		if !airportCode.MatchString(from) || !airportCode.MatchString(to) {
			fail(c, errBadCode)
			return
		}
		flights, err := find(c.Request.Context(), strings.ToUpper(from), strings.ToUpper(to))
		if err != nil {
			fail(c, err)
			return
		}
		c.JSON(http.StatusOK, flights)
	})
	return router
}

// fail logs what happened, and answers with the status for err and with nothing internal.
func fail(c *gin.Context, err error) {
	ctx := c.Request.Context()
	switch {
	case errors.Is(err, errBadCode):
		problem.Write(c.Writer, http.StatusBadRequest, err.Error())
	case errors.Is(err, context.Canceled) && ctx.Err() != nil: // The user has hung up: nobody reads an answer.
	case errors.Is(err, context.DeadlineExceeded):
		slog.WarnContext(ctx, "timeout", "cause", err)
		problem.Write(c.Writer, http.StatusGatewayTimeout, "The flights database took too long.")
	case database.Transient(err):
		slog.ErrorContext(ctx, "database", "cause", err)
		problem.Write(c.Writer, http.StatusInternalServerError, "The flights database did not answer as it should.")
	default:
		slog.ErrorContext(ctx, "this app: "+err.Error())
		problem.Write(c.Writer, http.StatusInternalServerError, "Something is wrong in this app; its log says what.")
	}
}
