module example.org/flights

go 1.26.0

require (
	github.com/go-sql-driver/mysql v1.10.1
	github.com/sony/gobreaker/v2 v2.4.0
)

require filippo.io/edwards25519 v1.2.0 // indirect
