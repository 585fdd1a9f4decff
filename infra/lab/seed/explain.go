package seed

import (
	"context"
	"crypto/tls"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/go-sql-driver/mysql"
)

// explain says in one line what to do about err. What a server says may be shown; what the DSN says may not.
func explain(target *mysql.Config, err error) error {
	if errors.Is(err, context.Canceled) {
		return errors.New("stopped; the finished tables are kept, run it again to complete the rest")
	}
	if refused, ok := errors.AsType[*mysql.MySQLError](err); ok {
		return explainRefusal(target, refused, err)
	}
	unverified, isUnverified := errors.AsType[*tls.CertificateVerificationError](err)
	switch {
	case isUnverified:
		return fmt.Errorf("the certificate of the server at %s cannot be verified (%w); ssl-mode=REQUIRED encrypts without verifying it", target.Addr, unverified.Err)
	case errors.Is(err, mysql.ErrNoTLS):
		return fmt.Errorf("the server at %s offers no TLS; turn it on there, or leave ssl-mode and tls out of the DSN", target.Addr)
	}
	if _, ok := errors.AsType[net.Error](err); ok || slices.ContainsFunc(noMySQL, func(one error) bool { return errors.Is(err, one) }) {
		return fmt.Errorf("no database answers at %s; start it, or name another: make seed DSN='mysql://USER:PASSWORD@HOST:3306/flights'", target.Addr)
	}
	return err
}

// noMySQL are the driver's errors when a connection breaks off, or when what answers does not speak MySQL's protocol.
var noMySQL = []error{
	mysql.ErrInvalidConn, driver.ErrBadConn, mysql.ErrMalformPkt, mysql.ErrPktSync, mysql.ErrPktSyncMul, mysql.ErrPktTooLarge,
}

// explainRefusal is explain for what the server itself says.
func explainRefusal(target *mysql.Config, refused *mysql.MySQLError, err error) error {
	if strings.Contains(refused.Message, "insecure transport") { // 3159 in MySQL, 4031 in MariaDB.
		return fmt.Errorf("the server at %s refuses a connection without TLS; write ssl-mode=REQUIRED in the DSN, or leave tls and ssl-mode out", target.Addr)
	}
	switch refused.Number {
	case 1129:
		return fmt.Errorf("the server at %s blocks this computer (error 1129) after too many broken handshakes, as faults leave them; run FLUSH HOSTS there as an administrator, and SET GLOBAL max_connect_errors = 1000000", target.Addr)
	case 1366:
		return fmt.Errorf("%w; a table at %s cannot hold every name: convert it with ALTER TABLE ... CONVERT TO CHARACTER SET utf8mb4, or name an empty database", err, target.Addr)
	case 1451:
		return fmt.Errorf("%w; another table refers to rows that do not belong to the data: remove its rows first, or name an empty database", err)
	case 1045, 1698:
		if target.TLSConfig == "false" { // MariaDB says no more than this when it requires TLS.
			return fmt.Errorf("the server at %s refuses the user, the password, or a connection without TLS; fix them in the DSN", target.Addr)
		}
		return fmt.Errorf("the server at %s refuses the user or the password; fix them in the DSN", target.Addr)
	case 1044, 1142, 1227:
		return fmt.Errorf("the user of the DSN may not fill the database %s; use one that may create tables there", target.DBName)
	case 1290, 1792, 1836:
		return fmt.Errorf("the server at %s is read-only; name another, such as the one of `make up PROFILE=mysql`", target.Addr)
	case 1040, 1053, 1205, 1213:
		return fmt.Errorf("the server at %s is busy (error %d); run it again", target.Addr, refused.Number)
	}
	return fmt.Errorf("%w; the server at %s reported this", err, target.Addr)
}
