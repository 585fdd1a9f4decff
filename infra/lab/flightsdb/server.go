// Package flightsdb is a MySQL-compatible server of the flights database, inside the process and read-only.
package flightsdb

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	sqle "github.com/dolthub/go-mysql-server"
	"github.com/dolthub/go-mysql-server/server"
	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/go-mysql-server/sql/analyzer"

	"chaosworkshop/shared/model"
)

// Options say where the server listens, who may log in, and what it serves.
type Options struct {
	// Addr is the host and port to listen on. Port 0 takes any free port.
	Addr string
	// RootPassword is the password of root.
	RootPassword string
	// User is a second account; empty for none.
	User string
	// Password is the password of User.
	Password string
	// Data is the content of the database. The caller must not change it any more.
	Data model.Dataset
}

// Server is a running server.
type Server struct {
	listener   *listener
	statements *statements
	engine     *sqle.Engine
	server     *server.Server
	served     chan struct{}
	watched    chan struct{}
}

// Start serves the data until Close. A port that is taken gives the error of net.Listen.
func Start(ctx context.Context, options Options) (*Server, error) {
	return startWithin(ctx, options, defaultLimits)
}

// startWithin is Start with limits.
func startWithin(ctx context.Context, options Options, limits limits) (*Server, error) {
	s, err := listen(ctx, options, limits)
	if err != nil {
		return nil, fmt.Errorf("start flights database: %w", err)
	}
	go func() {
		defer close(s.served)
		s.server.Listener.Accept()
	}()
	go func() {
		defer close(s.watched)
		s.statements.watch(s.served)
	}()
	return s, nil
}

// listen makes a server whose port is open, but that does not accept yet.
func listen(ctx context.Context, options Options, limits limits) (*Server, error) {
	setUpLibrary()
	db, err := newDatabase(options.Data)
	if err != nil {
		return nil, err
	}
	secure, err := newTLS()
	if err != nil {
		return nil, err
	}
	var config net.ListenConfig
	socket, err := config.Listen(ctx, "tcp", options.Addr)
	if err != nil {
		return nil, err
	}
	engine, parser := newEngine(db)
	accounts := newAccounts(options)
	s := &Server{
		listener:   newListener(socket, secure, limits),
		statements: newStatements(limits),
		engine:     engine,
		served:     make(chan struct{}),
		watched:    make(chan struct{}),
	}
	s.server, err = server.NewServerWithHandler(
		server.Config{
			Listener:                s.listener,
			Address:                 socket.Addr().String(),
			Version:                 version,
			ProtocolListenerFactory: accounts.listen,
		},
		s.engine, sql.NewContext, newSession(engine), nil, newHandler(s.statements, parser, accounts))
	if err != nil {
		return nil, errors.Join(err, socket.Close())
	}
	return s, nil
}

// newEngine makes the engine that runs the statements on the database.
func newEngine(db *database) (*sqle.Engine, parser) {
	a := analyzer.NewBuilder(db).
		AddPreAnalyzeRule(semanticsRule, semantics).
		AddPostValidationRule(displayRule, display).
		AddPostValidationRule(lateSemanticsRule, lateSemantics).
		Build()
	removeRules(a)
	a.Coster = coster{a.Coster}
	a.ExecBuilder = newExecutor()
	engine := sqle.New(a, &sqle.Config{IsReadOnly: true})
	guarded := parser{a.Parser, newPrepared(engine.PreparedDataCache)}
	a.Parser, engine.Parser = guarded, guarded
	return engine, guarded
}

// Addr is the host and port that the server listens on.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Connections is the number of connections that the server has accepted so far.
func (s *Server) Connections() int64 { return s.listener.count() }

// Close closes the port and every connection, and returns when the server has stopped; statements that cannot be stopped are left
// behind.
func (s *Server) Close() error {
	err := s.server.Close()
	<-s.served
	<-s.watched
	s.statements.cancel(errShutdown)
	s.listener.closeConnections()
	// The engine cancels what it runs, and says so.
	if closing := s.engine.Close(); !errors.Is(closing, context.Canceled) {
		err = errors.Join(err, closing)
	}
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		s.server.SessionManager().WaitForClosedConnections()
	}()
	select {
	case <-closed:
	case <-time.After(s.statements.limits.grace + 500*time.Millisecond):
	}
	return err
}
