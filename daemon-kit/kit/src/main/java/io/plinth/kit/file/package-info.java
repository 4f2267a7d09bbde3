/** Files that outlive the loss of power. */
@NullMarked
package io.plinth.kit.file;

import org.jspecify.annotations.NullMarked;
