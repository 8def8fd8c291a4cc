module rill/bench/peers/json

go 1.26
