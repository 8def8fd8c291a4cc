module rill/bench/peers/archive

go 1.26
