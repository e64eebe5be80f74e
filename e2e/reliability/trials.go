// SPDX-License-Identifier: GPL-2.0-only

package main

import "strings"

// amount is how much of a run is done.
type amount struct {
	env   []string // variables of the tests
	times int      // how often they are run; 0: once
}

// trialRun is one command that tries something.
type trialRun struct {
	name        string // of the run, and of its result if its tests keep none themselves
	tests       string // that it runs
	pkg         string
	tags        string
	keeps       bool // the tests keep what they have shown
	quick, full amount
}

func (r trialRun) args() []string {
	args := []string{"test", "-count=1", "-timeout", "24h", "-run", r.tests}
	if r.tags != "" {
		args = append(args, "-tags", r.tags)
	}
	return append(args, r.pkg)
}

// command is what one types to do the same by hand.
func (r trialRun) command(a amount) string {
	words := a.env
	words = append(words[:len(words):len(words)], "go", "test")
	if r.tags != "" {
		words = append(words, "-tags", r.tags)
	}
	return strings.Join(append(words, "-run", "'"+r.tests+"'", r.pkg), " ")
}

func env(variables ...string) amount { return amount{env: variables} }

// runs are all there are, in the order in which they are done.
func runs() []trialRun {
	return []trialRun{
		{name: "checker", tests: "TestEachPlantedBreachIsFound|TestATalkThatAllHaveHeard", pkg: "./rooms/e2e/promise"},
		{name: "restarts", tests: "TestAfterManyRestarts", pkg: "./rooms", quick: amount{times: 20}, full: amount{times: 1000}},
		{
			name: "network", tests: "TestThePromiseHoldsWhateverTheNetworkDoes", pkg: "./rooms/e2e", keeps: true,
			quick: env("KCHAT_FAULT_SECONDS=10"), full: env("KCHAT_FAULT_SECONDS=600"),
		},
		{
			name: "reload", tests: "TestThePromiseHoldsWhileTheModuleIsReloaded", pkg: "./rooms/e2e", keeps: true,
			quick: env("KCHAT_RELOADS=50"), full: amount{env: []string{"KCHAT_RELOADS=50"}, times: 20},
		},
		{
			name: "machine", tests: "TestNothingAcknowledgedIsMissingAfterTheMachineDied", pkg: "./rooms/e2e", keeps: true,
			quick: env("KCHAT_KILLS=10"), full: amount{env: []string{"KCHAT_KILLS=20"}, times: 10},
		},
		{
			name: "memory", tests: "TestThePromiseHoldsWhileMemoryRunsOut", pkg: "./rooms/e2e", keeps: true,
			quick: env("KCHAT_FAULT_SECONDS=10"), full: env("KCHAT_FAULT_SECONDS=600"),
		},
		{name: "cuts", tests: "TestACrowdHasEveryMessageOnceAndInOrder", pkg: "./rooms/e2e", keeps: true, full: amount{times: 20}},
		{name: "relay", tests: "TestTwoHundredClientsHearTenThousandMessages", pkg: "./e2e", full: amount{times: 20}},
		{name: "unload", tests: "TestUnloadWhileTwoHundredTalk|TestUnloadInMidStream", pkg: "./e2e", full: amount{times: 20}},
		{name: "strangers", tests: "TestStrangersWhoDripKeepNobodyOut", pkg: "./e2e"},
		{name: "floods", tests: "TestFloodsCostTheOthersLittle", pkg: "./e2e", keeps: true},
		{name: "deaf", tests: "TestOneWhoDoesNotReadCostsTheOthersNothing", pkg: "./e2e", full: env("KCHAT_PEOPLE=1000")},
		{name: "streams", tests: "TestStreamsOfSixtyFourAtOnce", pkg: "./e2e"},
		{name: "everybody", tests: "TestEverybodyIsThereAtOnce", pkg: "./e2e", full: env("KCHAT_PEOPLE=10000")},
		{
			name: "soak", tests: "TestAnHourLeavesNothingBehind", pkg: "./e2e", tags: "soak", keeps: true,
			quick: env("KCHAT_SOAK_SECONDS=300"), full: env("KCHAT_SOAK_SECONDS=3600"),
		},
	}
}

// row is one line of the table: a trial of which results are kept.
type row struct {
	trial  string
	run    string // that brings it
	what   string
	unit   string // of how often
	plenty int    // of it; with less the table says that it was a short run
	talk   bool   // words were said and counted
	plants bool   // the breaches are planted, and were to be found
}

// rows are those of the table.
func rows() []row {
	return []row{
		{trial: "planted missing", run: "network", what: "a word taken away from what one of six has heard in the machine: is it found?", unit: "planted", plenty: 1, talk: true, plants: true},
		{trial: "planted doubled", run: "network", what: "a word put in once more: is it found?", unit: "planted", plenty: 1, talk: true, plants: true},
		{trial: "checker", run: "checker", what: "every kind of breach planted into a whole talk, at four places: is each found, and nothing in a whole talk?", unit: "runs", plenty: 1},
		{trial: "loss", run: "network", what: "8 % of packets lost, 5 % doubled, 25 % overtaking, 1 % damaged, all 2 to 18 ms late", unit: "segments sent again", plenty: 5000, talk: true},
		{trial: "resets", run: "network", what: "connections end by RST, while strangers come and do the same", unit: "RST", plenty: 5000, talk: true},
		{trial: "vanish", run: "network", what: "connections end without a packet: the server has half of them", unit: "connections", plenty: 5000, talk: true},
		{trial: "links", run: "network", what: "an end of the cable goes down and up, in the end for longer than the server waits", unit: "times", plenty: 200, talk: true},
		{trial: "clock", run: "network", what: "the clock jumps by up to two days, forward and back", unit: "jumps", plenty: 1000, talk: true},
		{trial: "memory", run: "memory", what: "all memory is taken, down to the shrinker and the kernel's killing", unit: "times", plenty: 20, talk: true},
		{trial: "reload", run: "reload", what: "the module is unloaded under the people and loaded again, every second time before all are back", unit: "reloads", plenty: 1000, talk: true},
		{trial: "machine dies", run: "machine", what: "the machine is killed at a random moment while twenty talk", unit: "kills", plenty: 200, talk: true},
		{trial: "restarts", run: "restarts", what: "six clients, a room that forgets everything 25 times, in virtual time: is all that was acknowledged everywhere 20 s after?", unit: "runs", plenty: 1000},
		{trial: "cuts", run: "cuts", what: "two hundred talk, and five of their connections are cut every half second", unit: "cuts", plenty: 1000, talk: true},
		{trial: "relay", run: "relay", what: "10,000 messages to two hundred clients inside the machine, 100 connections broken", unit: "runs", plenty: 20},
		{trial: "unload", run: "unload", what: "the module is unloaded while two hundred talk, and in mid-stream: in time, with nothing left", unit: "runs", plenty: 20},
		{trial: "strangers", run: "strangers", what: "slowloris: four times as many strangers as may be there say a byte now and then; logging in beside them", unit: "runs", plenty: 1},
		{trial: "logins", run: "floods", what: "eight try wrong passwords without a pause beside twenty who talk", unit: "tries", plenty: 500},
		{trial: "questions", run: "floods", what: "eight ask over UDP without a pause beside twenty who talk", unit: "questions", plenty: 500},
		{trial: "deaf", run: "deaf", what: "one who never reads beside those who do, counted in instructions (`KCHAT_PEOPLE=1000`: 999 of them)", unit: "runs", plenty: 1},
		{trial: "streams", run: "streams", what: "64 streams at once to one connection", unit: "runs", plenty: 1},
		{trial: "everybody", run: "everybody", what: "everybody logged in at once, a word in each room (`KCHAT_PEOPLE=10000`: so many)", unit: "runs", plenty: 1},
		{trial: "soak", run: "soak", what: "people come, talk, send streams and go: memory and objects stay flat", unit: "rounds", plenty: 400},
	}
}
