package pgstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// ErrNewer is the refusal of a schema that a newer program has made.
var ErrNewer = errors.New("pgstore: the schema is of a newer version than this program")

// Error is a call that could not be done: the server could not be reached, or
// refused it for a reason that is none of the interface's. It holds neither the
// password nor anything of a record, and no other error is in it: above all not
// a context's.
type Error struct {
	Op       string // "Commit"
	SQLState string // five characters, where the server gave the reason
	Reason   string
	Unknown  bool // of a commit: it may have taken effect, or may yet
	passing  bool // of a connection: it may be possible in a moment
}

func (e *Error) Error() string {
	text := "pgstore: " + e.Op + ": " + e.Reason
	if e.SQLState != "" {
		text += " (SQLSTATE " + e.SQLState + ")"
	}
	if e.Unknown {
		text += "; whether it took effect is unknown: ask again under the same CommitID"
	}
	return text
}

func failure(op string, err error) *Error {
	e := &Error{Op: op, Reason: reason(err), passing: passing(err)}
	if refusal, ok := errors.AsType[*pgconn.PgError](err); ok {
		e.SQLState = refusal.Code
	}
	return e
}

// reason is what may be shown of an error: of the server's the message, which
// names objects of the database; its details would show rows. pgx's own name
// hosts, users and databases.
func reason(err error) string {
	if refusal, ok := errors.AsType[*pgconn.PgError](err); ok {
		return refusal.Message
	}
	if malformed, ok := errors.AsType[*pgconn.ParseConfigError](err); ok {
		return setting(malformed)
	}
	switch timeout, ok := errors.AsType[net.Error](err); {
	case errors.Is(err, context.DeadlineExceeded), ok && timeout.Timeout():
		return "no answer in time"
	case errors.Is(err, context.Canceled):
		return "given up"
	}
	if connect, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return strings.Join(strings.Fields(connect.Error()), " ")
	}
	return err.Error()
}

// setting names the setting that could not be read, and not its value: pgx puts
// the whole URL before it and may put the value behind it.
func setting(malformed *pgconn.ParseConfigError) string {
	text := malformed.Error()
	if at := strings.LastIndex(text, "`: "); at >= 0 {
		text, _, _ = strings.Cut(text[at+3:], " (")
		if !strings.ContainsAny(text, `"'`+"`") {
			return text
		}
	}
	return "a setting is malformed"
}

// final reports whether a failed transaction is certain not to have happened:
// the server reports the failure and keeps the connection. One that ends the
// connection may have come too late for the transaction, and so may whatever a
// pooler says of a server that it has lost: that has the severity in one field
// alone.
func final(err error) bool {
	refusal, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return false
	}
	severity := cmp.Or(refusal.SeverityUnlocalized, refusal.Severity)
	return severity != "FATAL" && severity != "PANIC" && !strings.HasPrefix(refusal.Code, "08")
}

// sqlState is the server's code, or "".
func sqlState(err error) string {
	if refusal, ok := errors.AsType[*pgconn.PgError](err); ok {
		return refusal.Code
	}
	return ""
}

// SQLSTATEs that mean something here.
const (
	noStatement        = "26000" // the prepared statement is not on this connection
	hasStatement       = "42P05" // it was prepared before
	serialization      = "40001"
	deadlock           = "40P01"
	noTable            = "42P01"
	noSchema           = "3F000"
	noFunction         = "42883"
	noPermission       = "42501"
	noDatabase         = "3D000"
	noAuthorization    = "28000" // there is no such role, or pg_hba.conf does not let it in
	tooManyConnections = "53300"
	adminShutdown      = "57P01"
	crashShutdown      = "57P02"
	cannotConnectNow   = "57P03"
)

// passing reports whether what keeps a connection from being made may be gone
// in a moment.
func passing(err error) bool {
	switch state := sqlState(err); state {
	case "", tooManyConnections, adminShutdown, crashShutdown, cannotConnectNow, serialization, deadlock:
		return true
	default: // a connection_exception is a pooler's word for anything
		return strings.HasPrefix(state, "08")
	}
}

// stale explains the absence of what a migration has made.
func stale(op, schema string, err error) *Error {
	switch sqlState(err) {
	case noTable, noSchema, noFunction:
		e := failure(op, err)
		e.Reason = fmt.Sprintf("the schema %s is no longer what it was when the store was opened: %s", schema, e.Reason)
		return e
	case noPermission:
		return advised(failure(op, err), grantUse(schema, "the role"))
	}
	return failure(op, err)
}

// advised adds to a refusal what would mend it.
func advised(e *Error, advice string) *Error {
	e.Reason += ": " + advice
	return e
}

// advise adds to the refusal of opening what to create or to grant. Names are quoted as
// SQL needs them.
func advise(err error, config *pgx.ConnConfig, schema string) error {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return err
	}
	role, database := pgx.Identifier{config.User}.Sanitize(), pgx.Identifier{config.Database}.Sanitize()
	switch e.SQLState {
	case noDatabase:
		advised(e, "CREATE DATABASE "+database+" OWNER "+role+" makes it")
	case noAuthorization:
		advised(e, "CREATE ROLE "+role+" LOGIN makes a role that is missing; pg_hba.conf says from where it may connect")
	case noPermission:
		advised(
			e,
			"for a new store GRANT CREATE ON DATABASE "+database+" TO "+role+"; for one that another role made "+grantUse(schema, role),
		)
	}
	return err
}

// grantUse is what a role needs that did not make the tables.
func grantUse(schema, role string) string {
	return fmt.Sprintf("GRANT USAGE ON SCHEMA %s TO %s; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %[1]s TO %[2]s; "+
		"GRANT USAGE ON ALL SEQUENCES IN SCHEMA %[1]s TO %[2]s", schema, role)
}
