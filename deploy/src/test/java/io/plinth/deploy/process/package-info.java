/** Tests. */
@NullMarked
package io.plinth.deploy.process;

import org.jspecify.annotations.NullMarked;
