package main

import (
	"context"

	"gorm.io/gorm"

	"chaosworkshop/shared/model"
)

// limit bounds the answer: small responses keep the proxy and the learner's terminal healthy.
const limit = 100

// flight is one airline's connection between two airports, named by their IATA codes.
type flight struct {
	From    string `json:"from"`
	To      string `json:"to"`
	Airline string `json:"airline"`
}

// finder finds the flights from one airport to another, ordered by airline; an empty slice if there are none.
type finder func(ctx context.Context, from, to string) ([]flight, error)

// findRoutes returns the finder that asks the database: one query, which ends when ctx does.
func findRoutes(db *gorm.DB) finder {
	return func(ctx context.Context, from, to string) ([]flight, error) {
		flights := []flight{}
		err := db.WithContext(ctx).
			Model(&model.Route{}).
			Select("routes.src_ap AS `from`, routes.dst_ap AS `to`, airlines.name AS airline").
			Joins("JOIN airlines ON airlines.alid = routes.alid").
			Where("routes.src_ap = ? AND routes.dst_ap = ?", from, to).
			Order("airlines.name").
			Limit(limit).
			Find(&flights).Error
		return flights, err
	}
}
