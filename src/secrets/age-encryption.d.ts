/** A type of browsers that a declaration of `age-encryption` names, for what is not used here. */
interface AuthenticationExtensionsPRFValues {
  readonly first: ArrayBuffer;
}
