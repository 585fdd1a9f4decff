package database

import (
	"context"

	"gorm.io/gorm"
)

// Ping returns a function that asks whether the database answers, over the same way as the queries.
func Ping(db *gorm.DB) func(context.Context) error {
	return func(ctx context.Context) error {
		pool, err := db.DB()
		if err != nil {
			return err
		}
		return pool.PingContext(ctx)
	}
}
