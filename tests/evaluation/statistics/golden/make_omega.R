# One factor by maximum likelihood, the items on their own scale: what R's factanal makes of items.csv.
items <- read.csv("items.csv")
fit <- factanal(items, 1)
spread <- apply(items, 2, sd)
common <- sum(fit$loadings[, 1] * spread)^2
omega <- common / (common + sum(fit$uniquenesses * spread^2))
write.csv(data.frame(omega = omega, loading = fit$loadings[, 1]), "omega.csv", row.names = FALSE)
