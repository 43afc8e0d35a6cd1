package enginetest

// What a refusal can say that the engine did not make.
const problemFault = "the test made this call fail"
