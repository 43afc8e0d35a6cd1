package probe

// What the package says to a user of its own accord.
const (
	problemURL           = "the URL does not have the form http://127.0.0.1:8089"
	problemSide          = "the side is neither sim nor a URL nor aws:REGION nor the file of a recording"
	problemAccount       = "the probe changes settings of the whole account, and is not sent to the service"
	problemLost          = "an earlier answer was lost, so that this one may be the answer to a second attempt"
	problemNoRecord      = "the recording has no answers to this probe"
	problemOther         = "the recording is of an earlier form of this probe"
	problemReached       = "one side did not run the probe as far as this call"
	problemLeft          = "the journal names an earlier comparison that did not end; apcsim compare --clean deletes what it left"
	problemBusy          = "another comparison uses the journal"
	problemTwice         = "both sides of the comparison are the same place"
	problemInterrupted   = "interrupted; what was made is deleted"
	problemCI            = "the service is not asked in continuous integration, where the variable CI is set"
	problemNoYes         = "nothing was sent; --yes sends it"
	problemNoCredentials = "there are no credentials in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; " +
		"cmd/apcsim-aws takes them from every place of the AWS SDK"
	problemCredentials = "the credentials are refused, and the comparison ends"
	problemNothing     = "no probe could be run; the table has the reason for each"
	problemNoJournal   = "there is no journal of this side: nothing was made there, or its journal is elsewhere (--journal)"
)
