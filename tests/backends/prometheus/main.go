// Command prometheus-otlp is Prometheus' own receiver of OTLP in front of its own store, without the
// rest of the server, which would take hundreds of modules to build: what is posted to
// /api/v1/otlp/v1/metrics becomes series as in a real one, and /series lists them with their values.
package main

import (
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"os"

	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage/remote"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
)

type series struct {
	Labels map[string]string `json:"labels"`
	Value  float64           `json:"value"`
}

// All series with the last value of each.
func list(db *tsdb.DB, request *http.Request) ([]series, error) {
	querier, err := db.Querier(math.MinInt64, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	defer querier.Close()
	named := labels.MustNewMatcher(labels.MatchRegexp, labels.MetricName, ".+")
	found := querier.Select(request.Context(), true, nil, named)
	all := []series{}
	for found.Next() {
		one := series{Labels: found.At().Labels().Map()}
		points := found.At().Iterator(nil)
		for points.Next() == chunkenc.ValFloat {
			_, one.Value = points.At()
		}
		all = append(all, one)
	}
	return all, found.Err()
}

func serve(address, folder string) error {
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	db, err := tsdb.Open(folder, logger, nil, tsdb.DefaultOptions(), nil)
	if err != nil {
		return err
	}
	settings := func() config.Config { return config.DefaultConfig }
	receiver := remote.NewOTLPWriteHandler(logger, nil, db, settings, remote.OTLPOptions{})
	http.Handle("POST /api/v1/otlp/v1/metrics", receiver)
	http.HandleFunc("GET /series", func(answer http.ResponseWriter, request *http.Request) {
		all, err := list(db, request)
		if err == nil {
			err = json.NewEncoder(answer).Encode(all)
		}
		if err != nil {
			http.Error(answer, err.Error(), http.StatusInternalServerError)
		}
	})
	return errors.Join(http.ListenAndServe(address, nil), db.Close())
}

func main() {
	if err := serve(os.Args[1], os.Args[2]); err != nil {
		slog.Error(err.Error())
		os.Exit(1)
	}
}
