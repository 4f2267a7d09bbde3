/** Tests. */
@NullMarked
package io.plinth.deploy.command;

import org.jspecify.annotations.NullMarked;
