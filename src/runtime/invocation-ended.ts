/** The reason of every abort at an invocation's end. Without one, an error with its stack would be made for each. */
export const INVOCATION_ENDED: Error = new Error("the invocation has ended");
