a = <<EOT
${b}
  %{ if c ~}
 x
%{ endif }
EOT
d = <<-X
    y
      z
    X
