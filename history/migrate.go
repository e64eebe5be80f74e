// SPDX-License-Identifier: GPL-2.0-only

package history

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// ErrNewer is the error of opening a history that a newer kchat wrote.
var ErrNewer = errors.New("written by a newer kchat")

// applicationID marks our files for file(1) and for ourselves: "kcht".
const applicationID = 0x6b636874

// migrate brings the file to the newest version, one transaction a step.
func migrate(ctx context.Context, db *sql.DB, path string) error {
	steps, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		return err
	}
	var version, app, tables int
	row := db.QueryRowContext(ctx, `SELECT user_version, application_id, (SELECT count(*) FROM sqlite_master)
		FROM pragma_user_version, pragma_application_id`)
	if err := row.Scan(&version, &app, &tables); err != nil {
		return fmt.Errorf("reading the version: %w", err)
	}
	switch {
	case app != applicationID && (app != 0 || tables != 0):
		return fmt.Errorf("%s is a database of another program", path)
	case version > len(steps):
		return fmt.Errorf("%w: version %d, this one reads up to %d; use the newer kchat, or another file",
			ErrNewer, version, len(steps))
	}
	for i := version; i < len(steps); i++ {
		if err := migrateStep(ctx, db, steps[i], i+1); err != nil {
			return fmt.Errorf("changing the file to version %d: %w", i+1, err)
		}
	}
	return nil
}

func migrateStep(ctx context.Context, db *sql.DB, file string, version int) error {
	text, err := migrationFiles.ReadFile(file)
	if err != nil {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	// Pragmas take no parameters; both values are ours.
	pragmas := fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d;", applicationID, version)
	for _, q := range []string{string(text), pragmas} {
		if _, err := tx.ExecContext(ctx, q); err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	return tx.Commit()
}
